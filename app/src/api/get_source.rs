//! One source, and what has come of it lately.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::SourceDetail};

#[server(prefix = "/api/ui", endpoint = "sources/get", output = Json)]
pub async fn get_source(name: String) -> Result<SourceDetail, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::sources::get(&engine, &name).await
}
