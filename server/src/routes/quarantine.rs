//! `/api/v1/quarantine`: deliveries that were not believed; check them again, or forget them.

use app::model::HeldView;
use app::ssr::convert;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use engine::source::Outcome;
use engine::source::quarantine::{self, HeldFilter};
use serde::Deserialize;
use serde_json::{Value, json};

use super::query::{self, wrong};
use crate::auth::{Authorized, Manage, Read};
use crate::problem::Problem;
use crate::router::AppState;

const DEFAULT_LIMIT: u64 = 100;
const MOST: u64 = 500;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct QuarantineQuery {
    source: Option<String>,
    cause: Option<String>,
    cursor: Option<String>,
    limit: Option<u64>,
}

pub(crate) async fn list(
    _: Authorized<Read>,
    State(state): State<AppState>,
    query: Result<Query<QuarantineQuery>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(query) = query.map_err(|error| wrong("query", error))?;
    let before = query.cursor.as_deref().filter(|cursor| !cursor.is_empty());
    let before = before.map(str::parse).transpose().map_err(|error| wrong("cursor", error))?;
    let given = |text: &&str| !text.is_empty();
    let filter = HeldFilter {
        source: query.source.as_deref().filter(given),
        cause: query.cause.as_deref().filter(given),
    };
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MOST);
    let held = quarantine::list(&state.engine, filter, before, limit).await?;
    let full = held.len() as u64 == limit;
    let next = held.last().filter(|_| full).map(|last| last.id);
    let items: Vec<HeldView> = held.iter().map(|held| convert::held(held, usize::MAX)).collect();
    Ok(Json(json!({ "items": items, "nextCursor": next })))
}

/// Checks again; answers as intake does when the delivery is believed now.
pub(crate) async fn release(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let answer = match quarantine::release(&state.engine, query::id(&id)?).await? {
        Outcome::Accepted(accepted, named) => json!({
            "id": accepted.id,
            "eventId": named,
            "status": accepted.status,
            "duplicate": accepted.duplicate,
        }),
        Outcome::Challenge(_) => json!({ "id": null }),
    };
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

pub(crate) async fn delete(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    quarantine::delete(&state.engine, query::id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
