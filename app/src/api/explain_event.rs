//! Why each trigger did or did not match an event.

use leptos::prelude::*;

use crate::{ApiError, model::WhyLine};

#[server(prefix = "/api/ui", endpoint = "events/explain")]
pub async fn explain_event(id: String) -> Result<Vec<WhyLine>, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::events::explain(&engine, &id).await
}
