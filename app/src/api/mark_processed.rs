//! Settles a failed event by hand: someone has dealt with it elsewhere.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

/// `note` is kept with the event, with who noted it. Answers with the id, so that it can be undone.
#[server(prefix = "/api/ui", endpoint = "events/processed", output = Json)]
pub async fn mark_processed(id: String, note: Option<String>) -> Result<String, ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::events::mark_processed(&engine, &id, note).await?;
    Ok(id)
}
