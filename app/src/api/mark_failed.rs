//! Puts a settled event among the dead letters: back, or because what went well was not enough.

use leptos::prelude::*;

use crate::ApiError;

#[server(prefix = "/api/ui", endpoint = "events/failed")]
pub async fn mark_failed(id: String) -> Result<(), ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::events::mark_failed(&engine, &id).await
}
