//! Settles a failed event by hand: someone has dealt with it elsewhere.

use leptos::prelude::*;

use crate::ApiError;

#[server(prefix = "/api/ui", endpoint = "events/processed")]
pub async fn mark_processed(id: String) -> Result<(), ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::events::mark_processed(&engine, &id).await
}
