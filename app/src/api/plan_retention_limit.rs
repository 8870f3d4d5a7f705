//! Says what a limit would remove at once, before it is in force.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::RetentionPlan};

/// A blank source is all sources together.
#[server(prefix = "/api/ui", endpoint = "retention/plan-limit", output = Json)]
pub async fn plan_retention_limit(
    status: String,
    #[server(default)] source: String,
    max: String,
) -> Result<RetentionPlan, ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::retention::plan_limit(&engine, &status, &source, &max).await
}
