//! Asks someone in.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

/// Sends the browser on to where the link is shown once. For someone who is in already it is the way to
/// a new password.
#[server(prefix = "/api/ui", endpoint = "people/invite", output = Json)]
pub async fn invite_person(email: String, #[server(default)] role: String) -> Result<(), ApiError> {
    let (engine, user) = crate::ssr::owner()?;
    let ticket = crate::ssr::people::invite(&engine, &user, &email, &role).await?;
    crate::ssr::show_once("/people", Some(ticket));
    Ok(())
}
