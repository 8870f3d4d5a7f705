//! How a period went: totals, course, types, sources, workflows.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::Overview};

#[server(prefix = "/api/ui", endpoint = "overview/get", output = Json)]
pub async fn get_overview(range: String) -> Result<Overview, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::overview::get(&engine, &range).await
}
