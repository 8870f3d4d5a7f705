//! The event types that came lately, to be suggested.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

#[server(prefix = "/api/ui", endpoint = "events/types", output = Json)]
pub async fn list_event_types() -> Result<Vec<String>, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::events::types(&engine).await
}
