//! The workflows in their current versions.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::WorkflowView};

#[server(prefix = "/api/ui", endpoint = "workflows/list", output = Json)]
pub async fn list_workflows() -> Result<Vec<WorkflowView>, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::workflows::list(&engine).await
}
