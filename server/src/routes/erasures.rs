//! `/api/v1/erasures`: erasing what there is about somebody, and the receipts. For owners, and for keys
//! that may manage.

use app::model::{ErasurePlan, ErasureView, Page};
use app::ssr::erasures;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::erasure::{Criterion, ErasureError, manage};
use engine::id::ErasureId;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::body;
use super::query::{Asked, Named, before_id};
use crate::auth::{Authorized, Own};
use crate::problem::Problem;
use crate::router::AppState;

const DEFAULT_LIMIT: u64 = 50;
const MOST: u64 = 200;

/// What is looked for: a `subject`, or a `value` at a `path` in the payload.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewErasure)]
pub(crate) struct ErasureBody {
    /// The `subject` of events.
    #[schema(max_length = 1000)]
    subject: Option<String>,
    /// Names of members with dots between them, such as `customer.email`; arrays are gone through. A `$` in
    /// front, `[0]`, `[*]` and `['a name']` are understood too.
    #[schema(max_length = 500)]
    path: Option<String>,
    /// What stands there: a text as it is, a number or `true` as JSON has it.
    #[schema(max_length = 1000)]
    value: Option<String>,
    /// Count, and change nothing.
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct ErasureQuery {
    /// `nextCursor` of the page before.
    #[param(pattern = "^ers_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    cursor: Option<String>,
    /// How many at most. More than 200 count as 200.
    #[param(minimum = 0, default = 50)]
    limit: Option<u64>,
}

/// With `dryRun` the plan; otherwise the erasure, which is under way.
pub(crate) async fn start(
    _: Authorized<Own>,
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let body: ErasureBody = body::read_json(&headers, body, state.max_body).await?;
    let (subject, path, value) =
        (body.subject.as_deref(), body.path.as_deref(), body.value.as_deref());
    let criterion = Criterion::parse(subject, path, value).map_err(ErasureError::from)?;
    if body.dry_run {
        let counts = manage::plan(&state.engine, &criterion).await?;
        let plan: ErasurePlan = erasures::plan(&state.engine, &criterion, counts);
        return Ok(Json(plan).into_response());
    }
    let erasure = manage::start(&state.engine, &criterion).await?;
    let location = format!("/api/v1/erasures/{}", erasure.id);
    let view = erasures::view(erasure);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(view)).into_response())
}

pub(crate) async fn list(
    _: Authorized<Own>,
    State(state): State<AppState>,
    Asked(query): Asked<ErasureQuery>,
) -> Result<Json<Page<ErasureView>>, Problem> {
    let before = before_id(query.cursor.as_deref())?;
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MOST);
    let found = manage::list(&state.engine, before, limit).await?;
    let last = found.last().map(|last| last.id.to_string());
    Ok(Json(Page::up_to(limit, found.into_iter().map(erasures::view).collect(), last)))
}

pub(crate) async fn get(
    _: Authorized<Own>,
    State(state): State<AppState>,
    Named(id): Named<ErasureId>,
) -> Result<Json<ErasureView>, Problem> {
    Ok(Json(erasures::view(manage::get(&state.engine, id).await?)))
}
