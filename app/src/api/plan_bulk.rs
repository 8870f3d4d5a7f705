//! What one action would be done to; nothing is changed.

use leptos::prelude::*;

use crate::{
    ApiError,
    encoding::Json,
    model::{BulkAction, BulkFilter, BulkPlan},
};

#[server(prefix = "/api/ui", endpoint = "bulk/plan", output = Json)]
pub async fn plan_bulk(action: BulkAction, filter: BulkFilter) -> Result<BulkPlan, ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::bulk::planned(&engine, action, filter).await
}
