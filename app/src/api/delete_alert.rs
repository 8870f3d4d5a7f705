//! Removes an alert rule.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

#[server(prefix = "/api/ui", endpoint = "alerts/delete", output = Json)]
pub async fn delete_alert(id: String) -> Result<(), ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::alerts::delete_rule(&engine, &id).await?;
    crate::ssr::redirect_form("/alerts");
    Ok(())
}
