//! Ends the secret that was in force before the newest.

use leptos::prelude::*;

use crate::ApiError;

#[server(prefix = "/api/ui", endpoint = "sources/end-old-secrets")]
pub async fn end_old_secrets(name: String) -> Result<(), ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::sources::end_old_secrets(&engine, &name).await
}
