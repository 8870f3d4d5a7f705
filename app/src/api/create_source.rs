//! Lets a provider deliver.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

/// Sends the browser on to the source, where a secret that was made here is shown once.
#[server(prefix = "/api/ui", endpoint = "sources/create", output = Json)]
pub async fn create_source(
    name: String,
    kind: String,
    #[server(default)] secret: String,
    #[server(default)] signature_header: String,
) -> Result<(), ApiError> {
    let (engine, user) = crate::ssr::operator()?;
    let form = crate::ssr::sources::SourceForm {
        name: name.trim().to_owned(),
        kind,
        secret,
        signature_header,
    };
    let made = crate::ssr::sources::create(&engine, &user, form).await?;
    crate::ssr::show_once(&format!("/sources/{}", name.trim()), made);
    Ok(())
}
