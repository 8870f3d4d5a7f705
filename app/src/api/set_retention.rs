//! Says how long events are kept.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

/// A blank source is every source without a rule of its own. The page forgets what was planned.
#[server(prefix = "/api/ui", endpoint = "retention/set", output = Json)]
pub async fn set_retention(
    status: String,
    #[server(default)] source: String,
    keep: String,
) -> Result<(), ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::retention::set(&engine, &status, &source, &keep).await?;
    leptos_axum::redirect("/retention");
    Ok(())
}
