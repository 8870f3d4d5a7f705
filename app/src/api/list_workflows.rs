//! The workflows in their current versions.

use leptos::prelude::*;

use crate::{ApiError, model::WorkflowView};

#[server(prefix = "/api/ui", endpoint = "workflows/list")]
pub async fn list_workflows() -> Result<Vec<WorkflowView>, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::workflows::list(&engine).await
}
