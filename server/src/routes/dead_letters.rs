//! `/api/v1/dead-letters`: the events that failed, and their way back.

use app::model::{EventItem, GroupView, Page};
use app::ssr::bulk;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use engine::event::repair::Repair;
use engine::event::{EventFilter, EventStatus, error_group};
use engine::id::EventId;

use super::query::{Asked, EventQuery, Named};
use super::{events, export};
use crate::auth::{Authorized, Manage, Read};
use crate::problem::Problem;
use crate::router::AppState;

pub(crate) async fn list(
    _: Authorized<Read>,
    State(state): State<AppState>,
    Asked(query): Asked<EventQuery>,
) -> Result<Json<Page<EventItem>>, Problem> {
    let filter = EventFilter { status: Some(EventStatus::Failed), ..query.filter()? };
    events::page(&state.engine, filter, &query).await.map(Json)
}

/// What the dead letters failed for, the most frequent first.
pub(crate) async fn groups(
    _: Authorized<Read>,
    State(state): State<AppState>,
) -> Result<Json<Page<GroupView>>, Problem> {
    let groups = error_group::list(&state.engine).await?;
    Ok(Json(Page::whole(groups.into_iter().map(bulk::group).collect())))
}

pub(crate) async fn export(
    _: Authorized<Read>,
    State(state): State<AppState>,
    Asked(query): Asked<EventQuery>,
) -> Result<Response, Problem> {
    let filter = EventFilter { status: Some(EventStatus::Failed), ..query.filter()? };
    export::lines(&state.engine, filter, "dead-letters").await
}

pub(crate) async fn retry(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Named(id): Named<EventId>,
) -> Result<Json<EventItem>, Problem> {
    events::mend(&state.engine, id, Repair::Retry).await
}
