//! One event in full.

use leptos::prelude::*;

use crate::{ApiError, model::EventDetail};

#[server(prefix = "/api/ui", endpoint = "events/get")]
pub async fn get_event(id: String) -> Result<EventDetail, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::events::get(&engine, &id).await
}
