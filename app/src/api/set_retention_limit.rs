//! Says how much is kept.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

/// A blank source is all sources together. The page forgets what was planned.
#[server(prefix = "/api/ui", endpoint = "retention/limit", output = Json)]
pub async fn set_retention_limit(
    status: String,
    #[server(default)] source: String,
    max: String,
) -> Result<(), ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::retention::set_limit(&engine, &status, &source, &max).await?;
    leptos_axum::redirect("/retention");
    Ok(())
}
