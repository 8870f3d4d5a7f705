//! `/api/v1/retention`: how long events are kept, and what is due to be removed.

use app::model::{Page, RetentionPlan, RetentionView};
use app::ssr::convert;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use engine::retention::{self, Rule, Settled, going};
use engine::workflow::duration;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::body;
use super::query::{Asked, wrong};
use crate::auth::{Authorized, Manage, Read};
use crate::problem::Problem;
use crate::router::AppState;

pub(crate) mod limits;

pub(crate) async fn list(
    _: Authorized<Read>,
    State(state): State<AppState>,
) -> Result<Json<Page<RetentionView>>, Problem> {
    let due = going::due(&state.engine).await?;
    Ok(Json(Page::whole(due.into_iter().map(convert::retention).collect())))
}

/// How long these events are kept.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewRetention)]
pub(crate) struct RetentionBody {
    /// `processed` or `failed`.
    #[schema(example = "processed")]
    status: String,
    /// Without one, every source that has no rule of its own.
    source: Option<String>,
    /// Such as `30d`; a day at least.
    #[schema(example = "30d")]
    keep: String,
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
    let RetentionBody { status, source, keep, dry_run } =
        body::read_json(&headers, body, state.max_body).await?;
    let keep = duration::parse(&keep).map_err(|error| wrong("keep", error))?;
    let rule = Rule { status: settled(&status)?, source, keep };
    if dry_run {
        let plan: RetentionPlan = convert::retention_plan(going::plan(&state.engine, &rule).await?);
        return Ok(Json(plan).into_response());
    }
    retention::set(&state.engine, rule).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// `processed` or `failed`.
    status: String,
    /// Without one, the rule for every source.
    source: Option<String>,
}

pub(crate) async fn remove(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Asked(which): Asked<Which>,
) -> Result<StatusCode, Problem> {
    let source = which.source.filter(|source| !source.is_empty());
    retention::remove(&state.engine, settled(&which.status)?, source).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn settled(status: &str) -> Result<Settled, Problem> {
    Settled::parse(status).ok_or_else(|| wrong("status", "it is `processed` or `failed`"))
}
