//! One's own sessions.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::BegunSession};

/// The one used last first.
#[server(prefix = "/api/ui", endpoint = "sessions/list", output = Json)]
pub async fn list_sessions() -> Result<Vec<BegunSession>, ApiError> {
    let (engine, user) = crate::ssr::signed_in()?;
    crate::ssr::sessions::list(&engine, &user).await
}
