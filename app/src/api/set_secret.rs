//! Sets a secret, or replaces its value.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

#[server(prefix = "/api/ui", endpoint = "secrets/set", output = Json)]
pub async fn set_secret(name: String, value: String) -> Result<(), ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::secrets::set(&engine, name.trim(), &value).await?;
    leptos_axum::redirect("/secrets");
    Ok(())
}
