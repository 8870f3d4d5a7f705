//! Turns a workflow on or off.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::Switched};

#[server(prefix = "/api/ui", endpoint = "workflows/switch", output = Json)]
pub async fn switch_workflow(id: String, on: bool) -> Result<Switched, ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::workflows::switch(&engine, &id, on).await
}
