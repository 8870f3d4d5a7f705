//! One source, and what has come of it.

use leptos::prelude::*;

use crate::{ApiError, model::SourceActivity};

#[server(prefix = "/api/ui", endpoint = "sources/get")]
pub async fn get_source(name: String) -> Result<SourceActivity, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::sources::get(&engine, &name).await
}
