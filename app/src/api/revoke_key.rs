//! Ends an API key.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

#[server(prefix = "/api/ui", endpoint = "keys/revoke", output = Json)]
pub async fn revoke_key(id: String) -> Result<(), ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::keys::revoke(&engine, &id).await
}
