//! What the workflows did, the newest first.

use leptos::prelude::*;

use crate::{
    ApiError,
    encoding::Json,
    model::{Page, RunFilter, RunItem},
};

#[server(prefix = "/api/ui", endpoint = "runs/list", output = Json)]
pub async fn list_runs(filter: RunFilter) -> Result<Page<RunItem>, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::runs::list(&engine, filter).await
}
