//! Says how much is kept.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

#[server(prefix = "/api/ui", endpoint = "retention/limit", output = Json)]
pub async fn set_retention_limit(status: String, max: String) -> Result<(), ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::retention::set_limit(&engine, &status, &max).await?;
    crate::ssr::redirect_form("/retention");
    Ok(())
}
