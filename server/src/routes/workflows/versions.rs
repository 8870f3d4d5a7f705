//! `/api/v1/workflows/{id}/versions`: all that ever were in force, and the way back to one.

use app::model::{AppliedView, Page, VersionDetail, VersionItem};
use app::ssr::definitions;
use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use engine::id::WorkflowId;
use engine::workflow::versions;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::auth::{Authorized, Manage, Read};
use crate::problem::{Code, Problem};
use crate::router::AppState;
use crate::routes::query::{self, Asked, Named};

const DEFAULT_LIMIT: u64 = 50;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct VersionsQuery {
    /// `nextCursor` of the page before.
    #[param(pattern = "^[0-9]{1,18}$")]
    cursor: Option<String>,
    /// How many at most. More than 100 count as 100.
    #[param(minimum = 0, default = 50)]
    limit: Option<u64>,
}

pub(crate) async fn list(
    _: Authorized<Read>,
    State(state): State<AppState>,
    Named(id): Named<WorkflowId>,
    Asked(query): Asked<VersionsQuery>,
) -> Result<Json<Page<VersionItem>>, Problem> {
    let before = query::number("cursor", query.cursor.as_deref())?;
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    let (found, next) = versions::list(&state.engine, id, before, limit).await?;
    let items = found.iter().map(definitions::version).collect();
    Ok(Json(Page { items, next_cursor: next.map(|number| number.to_string()) }))
}

pub(crate) async fn get(
    _: Authorized<Read>,
    State(state): State<AppState>,
    Numbered(id, number): Numbered,
) -> Result<Json<VersionDetail>, Problem> {
    let record = versions::get(&state.engine, id, number).await?;
    Ok(Json(definitions::version_whole(&record)))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RestoreQuery {
    /// The version that you have seen, 0 for none: when another one is in force by now, nothing is done.
    expected_version: Option<u32>,
}

/// A new version with the old text.
pub(crate) async fn restore(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Numbered(id, number): Numbered,
    Asked(how): Asked<RestoreQuery>,
) -> Result<Json<AppliedView>, Problem> {
    let expected = how.expected_version.map(i64::from);
    let saved = versions::restore(&state.engine, id, number, expected).await?;
    let name = saved.workflow.as_ref().map(|it| it.definition.name.clone());
    Ok(Json(definitions::saved(&saved, name.unwrap_or_default(), false)))
}

/// A workflow and the number of one of its versions in the path. What is no number names nothing.
pub(crate) struct Numbered(WorkflowId, i64);

impl<S: Send + Sync> FromRequestParts<S> for Numbered {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let nothing = |error: String| Problem::new(Code::NotFound, error);
        let named = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((id, number)) = named.map_err(|error| nothing(error.body_text()))?;
        let id = id.parse().map_err(|error: engine::id::InvalidId| nothing(error.to_string()))?;
        let number = number.parse::<u32>().map_err(|_| {
            nothing(
                "Versions are numbered from 1: see `GET /api/v1/workflows/{id}/versions`.".into(),
            )
        })?;
        Ok(Self(id, i64::from(number)))
    }
}
