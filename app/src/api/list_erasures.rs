//! Erasures and their receipts.

use leptos::prelude::*;

use crate::{ApiError, model::ErasureView};

#[server(prefix = "/api/ui", endpoint = "erasures/list")]
pub async fn list_erasures() -> Result<Vec<ErasureView>, ApiError> {
    let (engine, _) = crate::ssr::owner()?;
    crate::ssr::erasures::list(&engine).await
}
