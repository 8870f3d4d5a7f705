//! How long events are kept, and what is due to be removed.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::RetentionView};

#[server(prefix = "/api/ui", endpoint = "retention/list", output = Json)]
pub async fn list_retention() -> Result<Vec<RetentionView>, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::retention::list(&engine).await
}
