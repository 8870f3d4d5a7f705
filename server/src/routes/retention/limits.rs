//! `/api/v1/retention/limits`: how much is kept.

use app::model::{Page, RetentionLimitView};
use app::ssr::convert;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
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
#[serde(deny_unknown_fields)]
#[schema(as = NewRetentionLimit)]
pub(crate) struct LimitBody {
    /// `processed` or `failed`.
    #[schema(example = "processed")]
    status: String,
    /// Such as `20GiB`, of payloads; 1 MiB at least.
    #[schema(example = "20GiB")]
    max: String,
}

pub(crate) async fn set(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Problem> {
    let LimitBody { status, max } = body::read_json(&headers, body, state.max_body).await?;
    let max_bytes = limit::parse(&max).map_err(|error| wrong("max", error))?;
    limit::set(&state.engine, Limit { status: settled(&status)?, max_bytes }).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhichLimit {
    /// `processed` or `failed`.
    status: String,
}

pub(crate) async fn remove(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Asked(which): Asked<WhichLimit>,
) -> Result<StatusCode, Problem> {
    limit::remove(&state.engine, settled(&which.status)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
