//! `/api/v1/runs`: what the workflows did; list, read, cancel.

use app::model::{Page, RunDetail, RunItem, RunStatus as Status, Timestamp as Moment};
use app::ssr::convert;
use axum::Json;
use axum::extract::State;
use engine::id::RunId;
use engine::run::RunStatus;
use engine::run::cancel::cancel as cancel_run;
use engine::run::read::{self, RunFilter};
use engine::time::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

use super::query::{Asked, Named, wrong};
use crate::auth::{Authorized, Manage, Read};
use crate::problem::Problem;
use crate::router::AppState;

const MOST: u64 = 200;

/// Which runs; every condition must hold.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunQuery {
    #[param(value_type = Option<Status>, inline)]
    status: Option<RunStatus>,
    /// A workflow's name or id.
    workflow: Option<String>,
    /// Created at this time or later.
    #[param(value_type = Option<Moment>, inline)]
    from: Option<String>,
    /// Created before this time.
    #[param(value_type = Option<Moment>, inline)]
    to: Option<String>,
    /// `nextCursor` of the page before.
    #[param(pattern = "^run_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    cursor: Option<String>,
    /// How many at most. More than 200 count as 200.
    #[param(minimum = 0, default = 50)]
    limit: Option<u64>,
}

impl RunQuery {
    /// An empty parameter is no condition.
    fn filter(&self) -> Result<RunFilter, Problem> {
        let time = |name: &str, text: &Option<String>| {
            let given = text.as_deref().filter(|text| !text.is_empty());
            given.map(|text| Timestamp::parse(text).map_err(|e| wrong(name, e))).transpose()
        };
        Ok(RunFilter {
            status: self.status,
            workflow: self.workflow.clone().filter(|name| !name.is_empty()),
            from: time("from", &self.from)?,
            to: time("to", &self.to)?,
        })
    }

    fn cursor(&self) -> Result<Option<RunId>, Problem> {
        let given = self.cursor.as_deref().filter(|cursor| !cursor.is_empty());
        let taken = "take it from `nextCursor` as it is";
        given.map(|cursor| cursor.parse().map_err(|_| wrong("cursor", taken))).transpose()
    }
}

pub(crate) async fn list(
    _: Authorized<Read>,
    State(state): State<AppState>,
    Asked(query): Asked<RunQuery>,
) -> Result<Json<Page<RunItem>>, Problem> {
    let limit = query.limit.unwrap_or(50).clamp(1, MOST);
    let rows = read::list(&state.engine, &query.filter()?, query.cursor()?, limit).await?;
    let last = rows.last().map(|row| row.run.id.to_string());
    Ok(Json(Page::up_to(limit, rows.into_iter().map(convert::run_item).collect(), last)))
}

pub(crate) async fn get(
    _: Authorized<Read>,
    State(state): State<AppState>,
    Named(id): Named<RunId>,
) -> Result<Json<RunDetail>, Problem> {
    Ok(Json(convert::run_detail(read::get(&state.engine, id).await?)))
}

pub(crate) async fn cancel(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Named(id): Named<RunId>,
) -> Result<Json<RunDetail>, Problem> {
    Ok(Json(convert::run_detail(cancel_run(&state.engine, id).await?)))
}
