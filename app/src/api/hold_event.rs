//! Keeps an event from being removed.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

/// `note` says why. Answers with the id, so that it can be undone.
#[server(prefix = "/api/ui", endpoint = "events/hold", output = Json)]
pub async fn hold_event(id: String, #[server(default)] note: String) -> Result<String, ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::events::hold(&engine, &id, &note).await?;
    Ok(id)
}
