//! Shows a secret that was just made, the first time it is asked for.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

/// Nothing when it has been seen before, or waited for too long.
#[server(prefix = "/api/ui", endpoint = "secrets/reveal", output = Json)]
pub async fn reveal_secret(ticket: String) -> Result<Option<String>, ApiError> {
    let (engine, user) = crate::ssr::signed_in()?;
    Ok(crate::ssr::reveal(&engine, &user, &ticket))
}
