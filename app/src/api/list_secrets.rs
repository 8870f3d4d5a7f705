//! The secrets by name, never their values.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::SecretView};

#[server(prefix = "/api/ui", endpoint = "secrets/list", output = Json)]
pub async fn list_secrets() -> Result<Vec<SecretView>, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::secrets::all(&engine).await.map_err(crate::ssr::secrets::told)
}
