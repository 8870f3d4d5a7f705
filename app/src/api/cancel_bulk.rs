//! Ends an operation; what is done stays done.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

#[server(prefix = "/api/ui", endpoint = "bulk/cancel", output = Json)]
pub async fn cancel_bulk(id: String) -> Result<(), ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::bulk::cancel(&engine, &id).await?;
    crate::ssr::redirect_form(&format!("/dead-letters?op={id}"));
    Ok(())
}
