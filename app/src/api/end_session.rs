//! One of one's own sessions ends.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

#[server(prefix = "/api/ui", endpoint = "sessions/end", output = Json)]
pub async fn end_session(id: String) -> Result<(), ApiError> {
    let (engine, user) = crate::ssr::signed_in()?;
    crate::ssr::sessions::end(&engine, &user, &id).await
}
