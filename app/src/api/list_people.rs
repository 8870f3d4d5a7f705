//! Who may sign in, and who was asked to.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::People};

#[server(prefix = "/api/ui", endpoint = "people/list", output = Json)]
pub async fn list_people() -> Result<People, ApiError> {
    let (engine, user) = crate::ssr::signed_in()?;
    crate::ssr::people::list(&engine, &user).await
}
