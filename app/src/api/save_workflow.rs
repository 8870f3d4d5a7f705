//! Saves a definition as a new workflow or as the next version of one.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::SaveAnswer};

/// Sends the browser on to the workflow; a plain form that was refused comes back with its text.
#[server(prefix = "/api/ui", endpoint = "workflows/save", output = Json)]
pub async fn save_workflow(
    #[server(default)] id: String,
    #[server(default)] expected: u32,
    #[server(default)] definition: String,
) -> Result<SaveAnswer, ApiError> {
    let (engine, user) = crate::ssr::operator()?;
    let (answer, page) =
        crate::ssr::editor::save(&engine, &user, &id, expected, definition).await?;
    match answer {
        SaveAnswer::Saved(_) => leptos_axum::redirect(&page),
        _ => crate::ssr::redirect_form(&page),
    }
    Ok(answer)
}
