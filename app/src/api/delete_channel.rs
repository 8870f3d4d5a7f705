//! Removes a place where alerts are told.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

#[server(prefix = "/api/ui", endpoint = "channels/delete", output = Json)]
pub async fn delete_channel(id: String) -> Result<(), ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::alerts::delete_channel(&engine, &id).await?;
    crate::ssr::redirect_form("/alerts");
    Ok(())
}
