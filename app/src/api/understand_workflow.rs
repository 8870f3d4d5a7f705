//! What a text, or a form, means, and what it would do with an event. Nothing is stored.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::Understood};

#[server(prefix = "/api/ui", endpoint = "workflows/understand", output = Json)]
pub async fn understand_workflow(
    text: String,
    form: bool,
    event: String,
) -> Result<Understood, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::editor::understand(&engine, text, form, &event).await
}
