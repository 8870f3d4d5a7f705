//! `/api/v1/sources`: which providers may deliver; never their secrets.

use app::ssr::convert;
use axum::Json;
use axum::extract::State;
use engine::source::{Source, manage};
use serde_json::{Value, json};

use crate::auth::{Authorized, Read};
use crate::problem::Problem;
use crate::router::AppState;

pub(crate) async fn list(
    _: Authorized<Read>,
    State(state): State<AppState>,
) -> Result<Json<Value>, Problem> {
    let sources = manage::list(&state.engine.store, &state.engine.vault).await?;
    let items: Vec<_> = sources.iter().map(view).collect();
    Ok(Json(json!({ "items": items, "nextCursor": null })))
}

/// A source as everyone who may read sees it.
pub(crate) fn view(source: &Source) -> Value {
    json!(convert::source(source))
}
