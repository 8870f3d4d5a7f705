//! Puts an old version of a workflow in force again.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

/// The number of the new version, which has the old text.
#[server(prefix = "/api/ui", endpoint = "workflows/restore", output = Json)]
pub async fn restore_version(id: String, version: u32, expected: u32) -> Result<u32, ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    let restored = crate::ssr::editor::restore(&engine, &id, version, expected).await?;
    crate::ssr::redirect_form(&format!("/workflows/{id}"));
    Ok(restored)
}
