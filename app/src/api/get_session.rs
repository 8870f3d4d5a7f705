//! Who is signed in, and the numbers in every page's frame.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::Session};

#[server(prefix = "/api/ui", endpoint = "session", output = Json)]
pub async fn get_session() -> Result<Session, ApiError> {
    let (engine, user) = crate::ssr::signed_in()?;
    Ok(Session { user, stats: crate::ssr::stats(&engine).await? })
}
