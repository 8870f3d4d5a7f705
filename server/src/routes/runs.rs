//! `/api/v1/runs`: the newest runs.

use app::model::{Page, RunStatus as Status, RunView};
use app::ssr::convert;
use axum::Json;
use axum::extract::State;
use engine::run::RunStatus;
use engine::run::read;
use serde::Deserialize;
use utoipa::IntoParams;

use super::query::Asked;
use crate::auth::{Authorized, Read};
use crate::problem::Problem;
use crate::router::AppState;

const MOST: u64 = 200;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunQuery {
    #[param(value_type = Option<Status>, inline)]
    status: Option<RunStatus>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// How many at most. More than 200 count as 200.
    #[param(minimum = 0, default = 50)]
    limit: Option<u64>,
}

pub(crate) async fn list(
    _: Authorized<Read>,
    State(state): State<AppState>,
    Asked(query): Asked<RunQuery>,
) -> Result<Json<Page<RunView>>, Problem> {
    let limit = query.limit.unwrap_or(50).clamp(1, MOST);
    let before = query.cursor.as_deref().filter(|cursor| !cursor.is_empty());
    let runs = read::list(&state.engine, query.status, before, limit).await?;
    let full = runs.len() as u64 == limit;
    let next_cursor = runs.last().filter(|_| full).map(|run| run.id.to_string());
    Ok(Json(Page { items: runs.into_iter().map(convert::run).collect(), next_cursor }))
}
