//! One run with its whole journal.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::RunDetail};

#[server(prefix = "/api/ui", endpoint = "runs/get", output = Json)]
pub async fn get_run(id: String) -> Result<RunDetail, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::runs::get(&engine, &id).await
}
