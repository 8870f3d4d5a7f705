//! `/api/v1/bulk`: one action for many events: plan, start, watch, cancel, resume.

use app::model::{BulkAction, BulkFilter, BulkPlan, BulkView, Page};
use app::ssr::bulk;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::bulk::manage;
use engine::bulk::plan::{self, NewBulk};
use engine::id::BulkId;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::body;
use super::query::{Asked, Named, before_id};
use crate::auth::{Authorized, Manage, Read};
use crate::problem::{Code, Problem};
use crate::router::AppState;

const DEFAULT_LIMIT: u64 = 20;
const MOST: u64 = 100;

/// What is to be done to which events.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewBulk)]
pub(crate) struct BulkBody {
    action: BulkAction,
    #[serde(default)]
    filter: BulkFilter,
    /// Count, and change nothing.
    #[serde(default)]
    dry_run: bool,
    /// Kept with each event that is marked as processed.
    #[schema(max_length = 2000)]
    note: Option<String>,
    /// For retry and replay: take one event, wait until it has settled, then ten, then the rest, and
    /// stop when they fail again.
    #[serde(default)]
    canary: bool,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct BulkQuery {
    /// `nextCursor` of the page before.
    #[param(pattern = "^blk_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    cursor: Option<String>,
    /// How many at most. More than 100 count as 100.
    #[param(minimum = 0, default = 20)]
    limit: Option<u64>,
}

/// With `dryRun` the plan; otherwise the operation, which is under way.
pub(crate) async fn start(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let body: BulkBody = body::read_json(&headers, body, state.max_body).await?;
    let filter = bulk::filter(body.filter);
    let new = NewBulk {
        action: bulk::action(body.action),
        filter: filter.map_err(|error| Problem::new(Code::InvalidParameter, error))?,
        note: body.note,
        canary: body.canary,
    };
    if body.dry_run {
        let plan: BulkPlan = bulk::plan(&new, plan::plan(&state.engine, &new).await?);
        return Ok(Json(plan).into_response());
    }
    let operation = manage::start(&state.engine, new).await?;
    let location = format!("/api/v1/bulk/{}", operation.id);
    let view = bulk::view_with(&operation, 0);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(view)).into_response())
}

pub(crate) async fn list(
    _: Authorized<Read>,
    State(state): State<AppState>,
    Asked(query): Asked<BulkQuery>,
) -> Result<Json<Page<BulkView>>, Problem> {
    let before = before_id(query.cursor.as_deref())?;
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MOST);
    let found = manage::list(&state.engine, before, limit).await?;
    let last = found.last().map(|last| last.id.to_string());
    Ok(Json(Page::up_to(limit, bulk::views(&state.engine, &found).await?, last)))
}

pub(crate) async fn get(
    _: Authorized<Read>,
    State(state): State<AppState>,
    Named(id): Named<BulkId>,
) -> Result<Json<BulkView>, Problem> {
    let operation = manage::get(&state.engine, id).await?;
    Ok(Json(bulk::view(&state.engine, &operation).await?))
}

/// What is done stays done.
pub(crate) async fn cancel(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Named(id): Named<BulkId>,
) -> Result<Json<BulkView>, Problem> {
    let operation = manage::cancel(&state.engine, id).await?;
    Ok(Json(bulk::view(&state.engine, &operation).await?))
}

pub(crate) async fn resume(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Named(id): Named<BulkId>,
) -> Result<(StatusCode, Json<BulkView>), Problem> {
    let operation = manage::resume(&state.engine, id).await?;
    Ok((StatusCode::ACCEPTED, Json(bulk::view(&state.engine, &operation).await?)))
}
