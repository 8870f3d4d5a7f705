//! The events that failed for good, newest first.

use leptos::prelude::*;

use crate::{
    ApiError,
    model::{DeadLetter, Page},
};

#[server(prefix = "/api/ui", endpoint = "dead-letters/list")]
pub async fn list_dead_letters(cursor: Option<String>) -> Result<Page<DeadLetter>, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::dead_letters::list(&engine, cursor).await
}
