//! Runs for the dashboard: the list, one whole, and ending one.

use axum::http::StatusCode;
use engine::Engine;
use engine::id::RunId;
use engine::run::RunStatus;
use engine::run::cancel::{self, CancelError};
use engine::run::read::{self, RunReadError};
use engine::time::Timestamp;

use super::{convert, events, fail, invalid, not_found, refuse_with};
use crate::ApiError;
use crate::model::{Page, RunDetail, RunFilter, RunItem};

const PAGE: u64 = 100;

pub async fn list(engine: &Engine, filter: RunFilter) -> Result<Page<RunItem>, ApiError> {
    let given = |text: String| Some(text).filter(|text| !text.is_empty());
    let time =
        |text: String| given(text).map(|text| Timestamp::parse(&text)).transpose().map_err(invalid);
    let status = given(filter.status).map(|status| {
        let known = RunStatus::ALL.into_iter().find(|known| known.as_str() == status);
        known.ok_or_else(|| invalid(format!("`{status}` is no status of a run.")))
    });
    let before = given(filter.cursor).map(|cursor| cursor.parse()).transpose().map_err(invalid)?;
    let wanted = read::RunFilter {
        status: status.transpose()?,
        workflow: given(filter.workflow),
        from: events::beginning(engine, given(filter.within), given(filter.from))?,
        to: time(filter.to)?,
    };
    let rows = read::list(engine, &wanted, before, PAGE).await.map_err(fail)?;
    let last = rows.last().map(|row| row.run.id.to_string());
    Ok(Page::up_to(PAGE, rows.into_iter().map(convert::run_item).collect(), last))
}

fn run_id(id: &str) -> Result<RunId, ApiError> {
    id.parse().map_err(|_| not_found())
}

pub async fn get(engine: &Engine, id: &str) -> Result<RunDetail, ApiError> {
    match read::get(engine, run_id(id)?).await {
        Ok(detail) => Ok(convert::run_detail(detail)),
        Err(RunReadError::Unknown(_)) => Err(not_found()),
        Err(RunReadError::Store(error)) => Err(fail(error)),
    }
}

pub async fn cancel(engine: &Engine, id: &str) -> Result<(), ApiError> {
    match cancel::cancel(engine, run_id(id)?).await {
        Ok(_) => Ok(()),
        Err(CancelError::Unknown(_)) => Err(not_found()),
        Err(error @ CancelError::Ended(_)) => Err(refuse_with(StatusCode::CONFLICT, error)),
        Err(CancelError::Store(error)) => Err(fail(error)),
    }
}
