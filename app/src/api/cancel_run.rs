//! Ends a run by hand, wherever it stands.

use leptos::prelude::*;

use crate::ApiError;

#[server(prefix = "/api/ui", endpoint = "runs/cancel")]
pub async fn cancel_run(id: String) -> Result<(), ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::runs::cancel(&engine, &id).await
}
