//! Who changed what, the newest first.

use leptos::prelude::*;

use crate::{
    ApiError,
    encoding::Json,
    model::{AuditFilter, AuditView, Page},
};

#[server(prefix = "/api/ui", endpoint = "audit/list", output = Json)]
pub async fn list_audit(filter: AuditFilter) -> Result<Page<AuditView>, ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::audit::list(&engine, filter).await
}
