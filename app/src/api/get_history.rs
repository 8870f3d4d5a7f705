//! What became of an event, and how it differs from the one before.

use leptos::prelude::*;

use crate::{ApiError, model::History};

#[server(prefix = "/api/ui", endpoint = "events/history")]
pub async fn get_history(id: String) -> Result<History, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::history::history(&engine, &id).await
}
