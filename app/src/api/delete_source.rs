//! Takes no more deliveries from a source; its events stay.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

#[server(prefix = "/api/ui", endpoint = "sources/delete", output = Json)]
pub async fn delete_source(name: String) -> Result<(), ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::sources::delete(&engine, &name).await?;
    leptos_axum::redirect("/sources");
    Ok(())
}
