//! The sources by name, and what has come of each.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::SourceActivity};

#[server(prefix = "/api/ui", endpoint = "sources/list", output = Json)]
pub async fn list_sources() -> Result<Vec<SourceActivity>, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::sources::list(&engine).await
}
