//! Erasures and their receipts.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::ErasureView};

#[server(prefix = "/api/ui", endpoint = "erasures/list", output = Json)]
pub async fn list_erasures() -> Result<Vec<ErasureView>, ApiError> {
    let (engine, _) = crate::ssr::owner()?;
    crate::ssr::erasures::list(&engine).await
}
