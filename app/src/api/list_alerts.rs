//! Alert rules, where they are told, and what was told.

use leptos::prelude::*;

use crate::{ApiError, model::Alerts};

#[server(prefix = "/api/ui", endpoint = "alerts/list")]
pub async fn list_alerts() -> Result<Alerts, ApiError> {
    let (engine, user) = crate::ssr::signed_in()?;
    crate::ssr::alerts::list(&engine, &user).await
}
