//! `GET /api/v1/events/{id}/explain`: why each trigger did or did not match.

use app::model::Explanation;
use app::ssr::previews;
use axum::Json;
use axum::extract::State;
use engine::event::read;
use engine::id::EventId;
use engine::workflow::versions;

use crate::auth::{Authorized, Read};
use crate::problem::Problem;
use crate::router::AppState;
use crate::routes::query::Named;

/// Against the workflows in force now.
pub(crate) async fn of_event(
    _: Authorized<Read>,
    State(state): State<AppState>,
    Named(id): Named<EventId>,
) -> Result<Json<Explanation>, Problem> {
    let record = read::get(&state.engine, id).await?;
    let verdicts = versions::explain(&state.engine, &record).await?;
    Ok(Json(Explanation { items: verdicts.iter().map(previews::explained).collect() }))
}
