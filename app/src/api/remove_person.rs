//! Ends someone's access.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

#[server(prefix = "/api/ui", endpoint = "people/remove", output = Json)]
pub async fn remove_person(id: String) -> Result<(), ApiError> {
    let (engine, user) = crate::ssr::owner()?;
    crate::ssr::people::remove(&engine, &user, &id).await?;
    crate::ssr::redirect_form("/people");
    Ok(())
}
