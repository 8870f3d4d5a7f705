//! One event type: its figures, what its payloads look like, and how that drifts.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::TypeDetailView};

#[server(prefix = "/api/ui", endpoint = "types/get", output = Json)]
pub async fn get_type(name: String) -> Result<TypeDetailView, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::types::get(&engine, &name).await
}
