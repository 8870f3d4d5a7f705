//! One page of events, newest first.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::{
    ApiError,
    model::{EventFilter, EventItem, Page},
};

#[server(prefix = "/api/ui", endpoint = "events/list", input = Json)]
pub async fn list_events(filter: EventFilter) -> Result<Page<EventItem>, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::events::list(&engine, filter).await
}
