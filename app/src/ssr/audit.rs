//! The audit log for the dashboard.

use engine::Engine;
use engine::audit::{self, Filter};

use super::{convert, fail, invalid};
use crate::ApiError;
use crate::model::{AuditFilter, AuditView, Page};

const PAGE: u64 = 100;

pub async fn list(engine: &Engine, filter: AuditFilter) -> Result<Page<AuditView>, ApiError> {
    let given = |text: String| Some(text).filter(|text| !text.is_empty());
    let before = given(filter.cursor).map(|cursor| cursor.parse()).transpose().map_err(invalid)?;
    let filter = Filter {
        actor: given(filter.actor),
        object: given(filter.object),
        action: given(filter.action),
    };
    let entries = audit::list(&engine.store, &filter, before, PAGE).await.map_err(fail)?;
    let last = entries.last().map(|entry| entry.id.to_string());
    Ok(Page::up_to(PAGE, entries.into_iter().map(convert::audit_entry).collect(), last))
}
