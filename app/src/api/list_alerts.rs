//! Alert rules, where they are told, and what was told.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::Alerts};

#[server(prefix = "/api/ui", endpoint = "alerts/list", output = Json)]
pub async fn list_alerts() -> Result<Alerts, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::alerts::list(&engine).await
}
