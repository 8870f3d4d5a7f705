//! Ends a run by hand, wherever it stands.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

#[server(prefix = "/api/ui", endpoint = "runs/cancel", output = Json)]
pub async fn cancel_run(id: String) -> Result<(), ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::runs::cancel(&engine, &id).await
}
