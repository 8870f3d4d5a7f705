//! Some of one's own sessions end.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

/// How many they were. `which` is the name of one, or [`crate::model::OTHERS`]. It takes the password:
/// whoever finds a browser open is not to lock its owner out.
#[server(prefix = "/api/ui", endpoint = "sessions/end", output = Json)]
pub async fn end_sessions(password: String, which: String) -> Result<usize, ApiError> {
    let (engine, user) = crate::ssr::signed_in()?;
    let count = crate::ssr::sessions::end(&engine, &user, &password, &which).await?;
    crate::ssr::redirect_form("/settings");
    Ok(count)
}
