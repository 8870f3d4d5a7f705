//! The API keys, without their secrets.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::KeyView};

#[server(prefix = "/api/ui", endpoint = "keys/list", output = Json)]
pub async fn list_keys() -> Result<Vec<KeyView>, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::keys::list(&engine).await
}
