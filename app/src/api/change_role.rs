//! Gives someone another role.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::RoleGiven};

#[server(prefix = "/api/ui", endpoint = "people/role", output = Json)]
pub async fn change_role(id: String, role: String) -> Result<RoleGiven, ApiError> {
    let (engine, _) = crate::ssr::owner()?;
    let given = crate::ssr::people::change_role(&engine, &id, &role).await?;
    crate::ssr::redirect_form("/people");
    Ok(given)
}
