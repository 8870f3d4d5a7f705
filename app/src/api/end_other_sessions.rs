//! All of one's own sessions end but the one by which this is asked.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

/// How many they were.
#[server(prefix = "/api/ui", endpoint = "sessions/end-others", output = Json)]
pub async fn end_other_sessions() -> Result<usize, ApiError> {
    let (engine, user) = crate::ssr::signed_in()?;
    crate::ssr::sessions::end_others(&engine, &user).await
}
