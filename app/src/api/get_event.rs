//! One event in full, with what its page tells beside it.

use leptos::prelude::*;

use crate::{ApiError, model::WholeEvent};

#[server(prefix = "/api/ui", endpoint = "events/get")]
pub async fn get_event(id: String) -> Result<WholeEvent, ApiError> {
    use crate::ssr::{events, history::history};
    use futures::future::join3;
    let (engine, _) = crate::ssr::signed_in()?;
    let event = events::get(&engine, &id).await?;
    // The event is worth showing without these.
    let (history, why, beside) = join3(
        history(&engine, &id),
        events::explain(&engine, &id),
        events::neighbours(&engine, &id),
    )
    .await;
    Ok(WholeEvent {
        event,
        history: history.unwrap_or_default(),
        why: why.unwrap_or_default(),
        beside: beside.unwrap_or_default(),
    })
}
