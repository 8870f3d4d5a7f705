//! Makes an alert rule.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

/// Fields that its kind does not have are blank.
#[server(prefix = "/api/ui", endpoint = "alerts/create", output = Json)]
pub async fn create_alert(
    name: String,
    kind: String,
    #[server(default)] over: String,
    #[server(default)] window: String,
    #[server(default)] event_type: String,
    #[server(default)] source: String,
    #[server(default)] repeat: String,
) -> Result<(), ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    let form =
        crate::ssr::alerts::RuleForm { name, kind, over, window, event_type, source, repeat };
    crate::ssr::alerts::create_rule(&engine, form).await?;
    leptos_axum::redirect("/alerts");
    Ok(())
}
