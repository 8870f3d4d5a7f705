//! Lets events take what they will.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

#[server(prefix = "/api/ui", endpoint = "retention/unlimit", output = Json)]
pub async fn remove_retention_limit(
    status: String,
    #[server(default)] source: String,
) -> Result<(), ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::retention::remove_limit(&engine, &status, &source).await?;
    crate::ssr::redirect_form("/retention");
    Ok(())
}
