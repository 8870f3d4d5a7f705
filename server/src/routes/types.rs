//! `/api/v1/types`: the event types, what their payloads look like, and how that drifts.

use app::model::{Page, TypeDetailView, TypeView};
use app::ssr::types;
use axum::Json;
use axum::extract::State;
use engine::shape::read;

use super::query::Name;
use crate::auth::{Authorized, Read};
use crate::problem::{Code, Problem};
use crate::router::AppState;

pub(crate) async fn list(
    _: Authorized<Read>,
    State(state): State<AppState>,
) -> Result<Json<Page<TypeView>>, Problem> {
    let lines = read::list(&state.engine).await?;
    Ok(Json(Page::whole(lines.into_iter().map(types::line).collect())))
}

pub(crate) async fn get(
    _: Authorized<Read>,
    State(state): State<AppState>,
    Name(name): Name,
) -> Result<Json<TypeDetailView>, Problem> {
    match read::get(&state.engine, &name).await? {
        Some(detail) => Ok(Json(types::detail(detail))),
        None => Err(Problem::new(Code::NotFound, "No event of this type has been looked at.")),
    }
}
