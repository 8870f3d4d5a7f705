//! Does one thing to many dead letters.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::BulkAction};

/// Returns the operation's id. A plain form is sent on to where it is watched.
#[server(prefix = "/api/ui", endpoint = "bulk/start", output = Json)]
pub async fn start_bulk(
    action: BulkAction,
    group: Option<String>,
    event_type: Option<String>,
    source: Option<String>,
    #[server(default)] ids: Vec<String>,
    canary: Option<String>,
    note: Option<String>,
) -> Result<String, ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    let letters = crate::model::LetterFilter { group, event_type, source, ..Default::default() };
    let filter = letters.of_operation(ids);
    let id = crate::ssr::bulk::start(&engine, action, filter, canary.is_some(), note).await?;
    crate::ssr::redirect_form(&format!("/dead-letters?op={id}"));
    Ok(id)
}
