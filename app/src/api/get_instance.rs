//! How this server was started.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::Instance};

#[server(prefix = "/api/ui", endpoint = "instance", output = Json)]
pub async fn get_instance() -> Result<Instance, ApiError> {
    crate::ssr::signed_in()?;
    Ok(use_context::<Instance>().unwrap_or_default())
}
