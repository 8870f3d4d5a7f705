//! `/api/v1/events`: list, read, replay, mark.

use app::model::{EventDetail, EventItem, Page};
use app::ssr::convert;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use engine::Engine;
use engine::event::EventRow;
use engine::event::read::{self, EventFilter};
use engine::event::repair::{Repair, repair, replay as replay_event};
use engine::id::EventId;
use engine::run;
use serde_json::{Value, json};

use super::query::{self, EventQuery};
use crate::auth::{Authorized, Manage, Read};
use crate::problem::Problem;
use crate::router::AppState;

pub(crate) mod explain;

pub(crate) async fn list(
    _: Authorized<Read>,
    State(state): State<AppState>,
    query: Result<Query<EventQuery>, QueryRejection>,
) -> Result<Json<Page<EventItem>>, Problem> {
    let Query(query) = query.map_err(|error| query::wrong("query", error))?;
    page(&state.engine, query.filter()?, &query).await.map(Json)
}

/// A page of a filtered list.
pub(super) async fn page(
    engine: &Engine,
    filter: EventFilter,
    query: &EventQuery,
) -> Result<Page<EventItem>, Problem> {
    let page = read::list(engine, &filter, query.cursor()?, query.limit()).await?;
    let next_cursor = page.next.map(|seq| seq.to_string());
    Ok(Page { items: items(engine, page.rows).await?, next_cursor })
}

/// Rows as list items, with their runs.
pub(super) async fn items(engine: &Engine, rows: Vec<EventRow>) -> Result<Vec<EventItem>, Problem> {
    let seqs = rows.iter().map(|row| row.seq).collect();
    let mut runs = run::read::lines_of_events(engine, seqs).await?;
    let item = |row: EventRow| {
        let runs = runs.remove(&row.seq).unwrap_or_default();
        convert::event_item(&row, &runs)
    };
    Ok(rows.into_iter().map(item).collect())
}

pub(crate) async fn get(
    _: Authorized<Read>,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<EventDetail>, Problem> {
    let record = read::get(&state.engine, query::id(&id)?).await?;
    Ok(Json(convert::event_detail(record)))
}

/// Sends the event through again; answers with the new event's id.
pub(crate) async fn replay(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let id: EventId = query::id(&id)?;
    let accepted = replay_event(&state.engine, id).await?;
    let body = json!({ "id": accepted.id, "status": accepted.status, "replayOf": id });
    Ok((StatusCode::ACCEPTED, Json(body)))
}

pub(crate) async fn processed(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<EventItem>, Problem> {
    mend(&state.engine, &id, Repair::MarkProcessed).await
}

pub(crate) async fn failed(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<EventItem>, Problem> {
    mend(&state.engine, &id, Repair::MarkFailed).await
}

pub(crate) async fn delete(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    repair(&state.engine, query::id(&id)?, Repair::Delete).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn mend(
    engine: &Engine,
    id: &str,
    how: Repair,
) -> Result<Json<EventItem>, Problem> {
    let row = repair(engine, query::id(id)?, how).await?;
    let mut items = items(engine, vec![row]).await?;
    items.pop().map(Json).ok_or_else(Problem::not_found)
}
