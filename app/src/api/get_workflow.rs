//! A workflow with its versions and its latest runs.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::WorkflowDetail};

#[server(prefix = "/api/ui", endpoint = "workflows/get", output = Json)]
pub async fn get_workflow(
    id: String,
    version: Option<u32>,
    before: Option<String>,
) -> Result<WorkflowDetail, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::editor::detail(&engine, &id, version, before).await
}
