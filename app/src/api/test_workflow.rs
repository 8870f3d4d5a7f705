//! Begins a test run of the version in force.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

#[server(prefix = "/api/ui", endpoint = "workflows/test", output = Json)]
pub async fn test_workflow(id: String, event: String) -> Result<String, ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::editor::test(&engine, &id, &event).await
}
