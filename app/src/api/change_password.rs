//! A new password for whoever is signed in.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

/// Their sessions end, so the browser is sent on to sign in with the new one.
#[server(prefix = "/api/ui", endpoint = "account/password", output = Json)]
pub async fn change_password(current: String, new: String) -> Result<(), ApiError> {
    let (engine, user) = crate::ssr::signed_in()?;
    crate::ssr::people::change_password(&engine, &user, &current, &new).await?;
    leptos_axum::redirect("/login?changed=1");
    Ok(())
}
