//! `/api/v1/sources`: which providers may deliver; never their secrets.

use app::model::{Page, SourceView};
use app::ssr::convert;
use axum::Json;
use axum::extract::State;
use engine::source::manage;

use crate::auth::{Authorized, Read};
use crate::problem::Problem;
use crate::router::AppState;

pub(crate) async fn list(
    _: Authorized<Read>,
    State(state): State<AppState>,
) -> Result<Json<Page<SourceView>>, Problem> {
    let sources = manage::list(&state.engine.store, &state.engine.vault).await?;
    Ok(Json(Page::whole(sources.iter().map(convert::source).collect())))
}
