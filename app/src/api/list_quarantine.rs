//! Deliveries that were not believed, newest first.

use leptos::prelude::*;

use crate::{
    ApiError,
    encoding::Json,
    model::{HeldFilter, Quarantine},
};

#[server(prefix = "/api/ui", endpoint = "quarantine/list", input = Json, output = Json)]
pub async fn list_quarantine(filter: HeldFilter) -> Result<Quarantine, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::quarantine::list(&engine, filter).await
}
