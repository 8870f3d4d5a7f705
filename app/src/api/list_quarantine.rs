//! Deliveries that were not believed, newest first.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::{
    ApiError,
    model::{HeldFilter, Quarantine},
};

#[server(prefix = "/api/ui", endpoint = "quarantine/list", input = Json)]
pub async fn list_quarantine(filter: HeldFilter) -> Result<Quarantine, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::quarantine::list(&engine, filter).await
}
