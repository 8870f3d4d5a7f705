//! `/api/v1/retention/limits`: how much is kept.

use app::model::{Page, RetentionLimitView, RetentionPlan};
use app::ssr::convert;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use engine::retention::going;
use engine::retention::limit::{self, Limit};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::settled;
use crate::auth::{Authorized, Manage, Read};
use crate::problem::Problem;
use crate::router::AppState;
use crate::routes::body;
use crate::routes::query::{Asked, wrong};

pub(crate) async fn list(
    _: Authorized<Read>,
    State(state): State<AppState>,
) -> Result<Json<Page<RetentionLimitView>>, Problem> {
    let limits = limit::list(&state.engine).await?;
    Ok(Json(Page::whole(limits.into_iter().map(convert::retention_limit).collect())))
}

/// How much is kept of these events.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewRetentionLimit)]
pub(crate) struct LimitBody {
    /// `processed` or `failed`.
    #[schema(example = "processed")]
    status: String,
    /// Without one, all sources together.
    source: Option<String>,
    /// Such as `20GiB`, of payloads; 1 MiB at least.
    #[schema(example = "20GiB")]
    max: String,
    /// Say what would be removed at once, and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// With `dryRun` what it would remove.
pub(crate) async fn set(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let LimitBody { status, source, max, dry_run } =
        body::read_json(&headers, body, state.max_body).await?;
    let max_bytes = limit::parse(&max).map_err(|error| wrong("max", error))?;
    let limit = Limit { status: settled(&status)?, source, max_bytes };
    if dry_run {
        let going = going::plan_limit(&state.engine, &limit).await?;
        let plan: RetentionPlan = convert::retention_plan(going);
        return Ok(Json(plan).into_response());
    }
    limit::set(&state.engine, limit).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhichLimit {
    /// `processed` or `failed`.
    status: String,
    /// Without one, the limit of all sources together.
    source: Option<String>,
}

pub(crate) async fn remove(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Asked(which): Asked<WhichLimit>,
) -> Result<StatusCode, Problem> {
    let source = which.source.filter(|source| !source.is_empty());
    limit::remove(&state.engine, settled(&which.status)?, source).await?;
    Ok(StatusCode::NO_CONTENT)
}
