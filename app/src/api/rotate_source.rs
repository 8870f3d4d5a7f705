//! Puts another secret of a source in force, beside the one before it.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

/// A blank secret is made here, and shown once on the page that the browser is sent on to.
#[server(prefix = "/api/ui", endpoint = "sources/rotate", output = Json)]
pub async fn rotate_source(
    name: String,
    #[server(default)] secret: String,
) -> Result<(), ApiError> {
    let (engine, user) = crate::ssr::operator()?;
    let made = crate::ssr::sources::rotate(&engine, &user, &name, &secret).await?;
    if made.is_some() {
        crate::ssr::show_once(&format!("/sources/{name}"), made);
    }
    Ok(())
}
