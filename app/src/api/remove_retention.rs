//! Keeps events for ever again, or as the rule for every source says.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

#[server(prefix = "/api/ui", endpoint = "retention/remove", output = Json)]
pub async fn remove_retention(
    status: String,
    #[server(default)] source: String,
) -> Result<(), ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::retention::remove(&engine, &status, &source).await?;
    crate::ssr::redirect_form("/retention");
    Ok(())
}
