//! Removes an event for good, with its payload, runs and attempts.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

/// Sends the browser on to the stream.
#[server(prefix = "/api/ui", endpoint = "events/delete", output = Json)]
pub async fn delete_event(id: String) -> Result<(), ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::events::delete(&engine, &id).await?;
    leptos_axum::redirect("/");
    Ok(())
}
