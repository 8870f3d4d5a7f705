//! Ends an invitation that nobody has used.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

#[server(prefix = "/api/ui", endpoint = "people/withdraw", output = Json)]
pub async fn withdraw_invitation(email: String) -> Result<(), ApiError> {
    let (engine, _) = crate::ssr::owner()?;
    crate::ssr::people::withdraw(&engine, &email).await?;
    crate::ssr::redirect_form("/people");
    Ok(())
}
