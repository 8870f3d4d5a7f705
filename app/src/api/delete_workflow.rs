//! Takes a workflow out of force for good.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

/// Sends the browser back to the list.
#[server(prefix = "/api/ui", endpoint = "workflows/delete", output = Json)]
pub async fn delete_workflow(id: String) -> Result<(), ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::editor::delete(&engine, &id).await?;
    leptos_axum::redirect("/workflows");
    Ok(())
}
