//! The API keys, without their secrets.

use leptos::prelude::*;

use crate::{ApiError, model::KeyView};

#[server(prefix = "/api/ui", endpoint = "keys/list")]
pub async fn list_keys() -> Result<Vec<KeyView>, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::keys::list(&engine).await
}
