//! `/api/v1/events`: list, read, replay, mark.

use std::borrow::Borrow;

use app::model::{EventDetail, EventItem, EventStatus, Page};
use app::ssr::convert;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use engine::Engine;
use engine::event::repair::{Repair, repair, repair_noting};
use engine::event::replay::{self as replays, Versions};
use engine::event::{EventFilter, EventRow, hold, note, read};
use engine::id::EventId;
use engine::run;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::query::{Asked, EventQuery, Named, wrong};
use super::{body, export};
use crate::auth::{Authorized, Manage, Read};
use crate::problem::Problem;
use crate::router::AppState;

pub(crate) mod explain;

pub(crate) async fn list(
    _: Authorized<Read>,
    State(state): State<AppState>,
    Asked(query): Asked<EventQuery>,
) -> Result<Json<Page<EventItem>>, Problem> {
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
    Ok(Page { items: items(engine, &page.rows).await?, next_cursor })
}

/// Rows as list items, with their runs.
pub(super) async fn items<R: Borrow<EventRow>>(
    engine: &Engine,
    rows: &[R],
) -> Result<Vec<EventItem>, Problem> {
    let rows: Vec<&EventRow> = rows.iter().map(Borrow::borrow).collect();
    let seqs = rows.iter().map(|row| row.seq).collect();
    let runs = run::read::lines_of_events(engine, seqs).await?;
    let item = |row: &EventRow| {
        let runs = runs.get(&row.seq).map_or(&[][..], Vec::as_slice);
        convert::event_item(row, runs)
    };
    Ok(rows.into_iter().map(item).collect())
}

pub(crate) async fn get(
    _: Authorized<Read>,
    State(state): State<AppState>,
    Named(id): Named<EventId>,
) -> Result<Json<EventDetail>, Problem> {
    let record = read::get(&state.engine, id).await?;
    Ok(Json(convert::event_detail(record)))
}

/// The event that went through again, under a new id.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Replayed {
    id: String,
    status: EventStatus,
    /// The event as it first came.
    replay_of: String,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReplayQuery {
    /// What the replay starts. `current`: the workflows that match today, as they are today. `original`: those
    /// that the event started when it came, in the versions of then.
    #[serde(default)]
    #[param(inline)]
    versions: ReplayVersions,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ReplayVersions {
    #[default]
    Current,
    Original,
}

/// Sends the event through again; answers with the new event's id.
pub(crate) async fn replay(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Named(id): Named<EventId>,
    Asked(query): Asked<ReplayQuery>,
) -> Result<(StatusCode, Json<Replayed>), Problem> {
    let versions = match query.versions {
        ReplayVersions::Current => Versions::Current,
        ReplayVersions::Original => Versions::Original,
    };
    let accepted = replays::replay(&state.engine, id, versions).await?;
    let replayed = Replayed {
        id: accepted.id.to_string(),
        status: convert::event_status(accepted.status),
        replay_of: id.to_string(),
    };
    Ok((StatusCode::ACCEPTED, Json(replayed)))
}

/// What may be said about an event that is taken as processed.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct ProcessedBody {
    /// Why; shown with the event, with who noted it and when.
    #[schema(max_length = 2000)]
    note: Option<String>,
}

/// The body may be left out.
pub(crate) async fn processed(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Named(id): Named<EventId>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<EventItem>, Problem> {
    let body: ProcessedBody = body::read_json_if_any(&headers, body, state.max_body).await?;
    let row = repair_noting(&state.engine, id, Repair::MarkProcessed, noted(body.note)?).await?;
    item(&state.engine, row).await
}

/// What may be said of a hold.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct HoldBody {
    /// Why; shown with the event, and kept in the audit log.
    #[schema(max_length = 2000)]
    note: Option<String>,
}

/// What is to be noted; a blank text is nothing.
fn noted(text: Option<String>) -> Result<Option<String>, Problem> {
    note::parse(text.as_deref().unwrap_or_default()).map_err(|error| wrong("note", error))
}

/// The body may be left out.
pub(crate) async fn hold(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Named(id): Named<EventId>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<EventItem>, Problem> {
    let body: HoldBody = body::read_json_if_any(&headers, body, state.max_body).await?;
    let row = hold::hold(&state.engine, id, noted(body.note)?).await?;
    item(&state.engine, row).await
}

pub(crate) async fn release(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Named(id): Named<EventId>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<EventItem>, Problem> {
    let body: HoldBody = body::read_json_if_any(&headers, body, state.max_body).await?;
    let row = hold::release(&state.engine, id, noted(body.note)?).await?;
    item(&state.engine, row).await
}

pub(crate) async fn export(
    _: Authorized<Read>,
    State(state): State<AppState>,
    Asked(query): Asked<EventQuery>,
) -> Result<Response, Problem> {
    export::lines(&state.engine, query.filter()?, "events").await
}

pub(crate) async fn failed(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Named(id): Named<EventId>,
) -> Result<Json<EventItem>, Problem> {
    mend(&state.engine, id, Repair::MarkFailed).await
}

pub(crate) async fn delete(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Named(id): Named<EventId>,
) -> Result<StatusCode, Problem> {
    repair(&state.engine, id, Repair::Delete).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn mend(
    engine: &Engine,
    id: EventId,
    how: Repair,
) -> Result<Json<EventItem>, Problem> {
    let row = repair(engine, id, how).await?;
    item(engine, row).await
}

async fn item(engine: &Engine, row: EventRow) -> Result<Json<EventItem>, Problem> {
    let mut items = items(engine, &[row]).await?;
    items.pop().map(Json).ok_or_else(Problem::not_found)
}
