//! The events that failed for good, newest first, what they failed for, and what is being done.

use leptos::prelude::*;

use crate::{
    ApiError,
    encoding::Json,
    model::{DeadLetters, LetterFilter},
};

#[server(prefix = "/api/ui", endpoint = "dead-letters/list", output = Json)]
pub async fn list_dead_letters(
    #[server(default)] filter: LetterFilter,
) -> Result<DeadLetters, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::dead_letters::list(&engine, filter).await
}
