//! How much is kept, and how much there is.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::RetentionLimitView};

#[server(prefix = "/api/ui", endpoint = "retention/limits", output = Json)]
pub async fn list_retention_limits() -> Result<Vec<RetentionLimitView>, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::retention::limits(&engine).await
}
