//! `/api/v1/audit`: who changed what.

use app::model::{AuditView, Page};
use app::ssr::convert;
use axum::Json;
use axum::extract::State;
use engine::audit::{self, Filter};
use serde::Deserialize;
use utoipa::IntoParams;

use super::query::{Asked, before_id};
use crate::auth::{Authorized, Manage};
use crate::problem::Problem;
use crate::router::AppState;

const DEFAULT_LIMIT: u64 = 100;
const MOST: u64 = 500;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct AuditQuery {
    /// Who, as entries say it.
    actor: Option<String>,
    /// An action such as `key.revoked`, or what it begins with, such as `key`.
    action: Option<String>,
    /// The id or name of what was changed.
    object: Option<String>,
    /// `nextCursor` of the page before.
    #[param(pattern = "^aud_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    cursor: Option<String>,
    /// How many at most. More than 500 count as 500.
    #[param(minimum = 0, default = 100)]
    limit: Option<u64>,
}

pub(crate) async fn list(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Asked(query): Asked<AuditQuery>,
) -> Result<Json<Page<AuditView>>, Problem> {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MOST);
    let before = before_id(query.cursor.as_deref())?;
    let filter = Filter {
        actor: given(query.actor),
        object: given(query.object),
        action: given(query.action),
    };
    let entries = audit::list(&state.engine.store, &filter, before, limit).await?;
    let last = entries.last().map(|entry| entry.id.to_string());
    Ok(Json(Page::up_to(limit, entries.into_iter().map(convert::audit_entry).collect(), last)))
}
