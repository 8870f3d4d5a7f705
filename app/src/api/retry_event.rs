//! Gives the failed runs of an event another round of attempts.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

#[server(prefix = "/api/ui", endpoint = "events/retry", output = Json)]
pub async fn retry_event(id: String) -> Result<(), ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::dead_letters::retry(&engine, &id).await
}
