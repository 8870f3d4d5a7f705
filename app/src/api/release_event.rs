//! Lets a held event go.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::Released};

/// `note` is kept in the audit log.
#[server(prefix = "/api/ui", endpoint = "events/release", output = Json)]
pub async fn release_event(
    id: String,
    #[server(default)] note: String,
) -> Result<Released, ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::events::release(&engine, &id, &note).await
}
