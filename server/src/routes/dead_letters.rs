//! `/api/v1/dead-letters`: the events that failed, and their way back.

use app::model::{EventItem, Page};
use axum::Json;
use axum::extract::State;
use engine::event::EventStatus;
use engine::event::read::EventFilter;
use engine::event::repair::Repair;
use engine::id::EventId;

use super::events;
use super::query::{Asked, EventQuery, Named};
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

pub(crate) async fn retry(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Named(id): Named<EventId>,
) -> Result<Json<EventItem>, Problem> {
    events::mend(&state.engine, id, Repair::Retry).await
}
