//! Forgets a secret.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

#[server(prefix = "/api/ui", endpoint = "secrets/delete", output = Json)]
pub async fn delete_secret(name: String) -> Result<(), ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::secrets::delete(&engine, &name).await?;
    crate::ssr::redirect_form("/secrets");
    Ok(())
}
