//! One event in full, with what its page tells beside it.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::WholeEvent};

#[server(prefix = "/api/ui", endpoint = "events/get", output = Json)]
pub async fn get_event(id: String) -> Result<WholeEvent, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::events::whole(&engine, &id).await
}
