//! What the editor begins with.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::EditorStart};

#[server(prefix = "/api/ui", endpoint = "workflows/editor", output = Json)]
pub async fn start_editor(
    id: String,
    start: String,
    kept: String,
) -> Result<EditorStart, ApiError> {
    let (engine, user) = crate::ssr::signed_in()?;
    crate::ssr::editor::start(&engine, &user, &id, &start, &kept).await
}
