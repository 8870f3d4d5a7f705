//! The event types that came lately, to be suggested.

use leptos::prelude::*;

use crate::ApiError;

#[server(prefix = "/api/ui", endpoint = "events/types")]
pub async fn list_event_types() -> Result<Vec<String>, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::events::types(&engine).await
}
