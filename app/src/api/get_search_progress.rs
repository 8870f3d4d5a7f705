//! How far the search of payloads is behind.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::SearchProgress};

#[server(prefix = "/api/ui", endpoint = "events/search-progress", output = Json)]
pub async fn get_search_progress() -> Result<SearchProgress, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::events::search_progress(&engine).await
}
