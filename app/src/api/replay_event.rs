//! Sends an event through its workflows once more, as a new event.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

/// Returns the new event's id. A plain form is sent on to the new event's page.
#[server(prefix = "/api/ui", endpoint = "events/replay", output = Json)]
pub async fn replay_event(id: String) -> Result<String, ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    let replayed = crate::ssr::events::replay(&engine, &id).await?;
    crate::ssr::redirect_form(&format!("/events/{replayed}"));
    Ok(replayed)
}
