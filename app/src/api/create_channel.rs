//! Tells alerts somewhere.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

/// Sends the browser on to where a webhook's secret is shown once.
#[server(prefix = "/api/ui", endpoint = "channels/create", output = Json)]
pub async fn create_channel(name: String, kind: String, target: String) -> Result<(), ApiError> {
    let (engine, user) = crate::ssr::operator()?;
    let ticket = crate::ssr::alerts::create_channel(&engine, &user, &name, &kind, &target).await?;
    crate::ssr::show_once("/alerts", ticket);
    Ok(())
}
