//! All of someone's sessions end.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

/// How many they were.
#[server(prefix = "/api/ui", endpoint = "people/sign-out", output = Json)]
pub async fn sign_out_person(id: String) -> Result<usize, ApiError> {
    let (engine, _) = crate::ssr::owner()?;
    let count = crate::ssr::people::sign_out(&engine, &id).await?;
    crate::ssr::redirect_form("/people");
    Ok(count)
}
