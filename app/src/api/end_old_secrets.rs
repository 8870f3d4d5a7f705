//! Ends the secret that was in force before the newest.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

#[server(prefix = "/api/ui", endpoint = "sources/end-old-secrets", output = Json)]
pub async fn end_old_secrets(name: String) -> Result<(), ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::sources::end_old_secrets(&engine, &name).await
}
