//! Takes no more deliveries from a source; its events stay.

use leptos::prelude::*;

use crate::ApiError;

#[server(prefix = "/api/ui", endpoint = "sources/delete")]
pub async fn delete_source(name: String) -> Result<(), ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::sources::delete(&engine, &name).await?;
    leptos_axum::redirect("/sources");
    Ok(())
}
