//! `/api/v1/runs`: the newest runs.

use app::model::{Page, RunView};
use app::ssr::convert;
use axum::Json;
use axum::extract::State;
use axum::extract::{Query, rejection::QueryRejection};
use engine::run::RunStatus;
use engine::run::read;
use serde::Deserialize;

use super::query::wrong;
use crate::auth::{Authorized, Read};
use crate::problem::Problem;
use crate::router::AppState;

const MOST: u64 = 200;

#[derive(Deserialize)]
pub(crate) struct RunQuery {
    status: Option<RunStatus>,
    cursor: Option<String>,
    limit: Option<u64>,
}

pub(crate) async fn list(
    _: Authorized<Read>,
    State(state): State<AppState>,
    query: Result<Query<RunQuery>, QueryRejection>,
) -> Result<Json<Page<RunView>>, Problem> {
    let Query(query) = query.map_err(|error| wrong("query", error))?;
    let limit = query.limit.unwrap_or(50).clamp(1, MOST);
    let before = query.cursor.as_deref().filter(|cursor| !cursor.is_empty());
    let runs = read::list(&state.engine, query.status, before, limit).await?;
    let full = runs.len() as u64 == limit;
    let next_cursor = runs.last().filter(|_| full).map(|run| run.id.to_string());
    Ok(Json(Page { items: runs.into_iter().map(convert::run).collect(), next_cursor }))
}
