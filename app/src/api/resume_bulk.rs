//! Lets an operation that has stopped begin again.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

#[server(prefix = "/api/ui", endpoint = "bulk/resume", output = Json)]
pub async fn resume_bulk(id: String) -> Result<(), ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::bulk::resume(&engine, &id).await?;
    crate::ssr::redirect_form(&format!("/dead-letters?op={id}"));
    Ok(())
}
