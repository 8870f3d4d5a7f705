//! The event types with their figures.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::TypeView};

#[server(prefix = "/api/ui", endpoint = "types/list", output = Json)]
pub async fn list_types() -> Result<Vec<TypeView>, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::types::list(&engine).await
}
