//! Sends an event through its workflows once more, as a new event.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

/// Returns the new event's id. With `original` it starts what the first one started, in the versions of then.
/// A plain form is sent on to the new event's page.
#[server(prefix = "/api/ui", endpoint = "events/replay", output = Json)]
pub async fn replay_event(
    id: String,
    #[server(default)] original: Option<String>,
) -> Result<String, ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    let replayed = crate::ssr::events::replay(&engine, &id, original.is_some()).await?;
    crate::ssr::redirect_form(&format!("/events/{replayed}"));
    Ok(replayed)
}
