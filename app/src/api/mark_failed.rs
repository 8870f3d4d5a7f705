//! Puts a settled event among the dead letters: back, or because what went well was not enough.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

#[server(prefix = "/api/ui", endpoint = "events/failed", output = Json)]
pub async fn mark_failed(id: String) -> Result<(), ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::events::mark_failed(&engine, &id).await
}
