//! Sends a trial message to a channel.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

#[server(prefix = "/api/ui", endpoint = "channels/test", output = Json)]
pub async fn test_channel(id: String) -> Result<(), ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::alerts::try_out(&engine, &id).await?;
    crate::ssr::redirect_form("/alerts");
    Ok(())
}
