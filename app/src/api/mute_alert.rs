//! Silences an alert rule for a while, or lets it speak again.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::Muted};

/// `length` such as `1h`; blank lets it speak again.
#[server(prefix = "/api/ui", endpoint = "alerts/mute", output = Json)]
pub async fn mute_alert(id: String, #[server(default)] length: String) -> Result<Muted, ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    let muted = crate::ssr::alerts::mute(&engine, &id, &length).await?;
    crate::ssr::redirect_form("/alerts");
    Ok(muted)
}
