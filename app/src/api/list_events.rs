//! One page of events, newest first.

use leptos::prelude::*;

use crate::{
    ApiError,
    encoding::Json,
    model::{EventFilter, EventItem, Page},
};

#[server(prefix = "/api/ui", endpoint = "events/list", input = Json, output = Json)]
pub async fn list_events(filter: EventFilter) -> Result<Page<EventItem>, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::events::list(&engine, filter).await
}
