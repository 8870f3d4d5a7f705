//! Begins a test run of the version in force.

use leptos::prelude::*;

use crate::ApiError;

#[server(prefix = "/api/ui", endpoint = "workflows/test")]
pub async fn test_workflow(id: String, event: String) -> Result<String, ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::editor::test(&engine, &id, &event).await
}
