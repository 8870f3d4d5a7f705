//! Says what a rule would remove at once, before it is in force.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::RetentionPlan};

/// A blank source is every source without a rule of its own.
#[server(prefix = "/api/ui", endpoint = "retention/plan", output = Json)]
pub async fn plan_retention(
    status: String,
    #[server(default)] source: String,
    keep: String,
) -> Result<RetentionPlan, ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::retention::plan(&engine, &status, &source, &keep).await
}
