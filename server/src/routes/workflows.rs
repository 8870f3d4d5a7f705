//! `/api/v1/workflows`: list, and apply a definition by its name.

use app::ssr::convert;
use axum::Json;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use engine::workflow::Definition;
use engine::workflow::apply::{self, Applied};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{body, query};
use crate::auth::{Authorized, Manage, Read};
use crate::problem::Problem;
use crate::router::AppState;

pub(crate) async fn list(_: Authorized<Read>, State(state): State<AppState>) -> Json<Value> {
    let current = state.engine.workflows.current();
    let items: Vec<_> = current.workflows().iter().map(|it| convert::workflow(it)).collect();
    Json(json!({ "items": items, "nextCursor": null }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplyQuery {
    #[serde(default)]
    dry_run: bool,
}

/// Takes YAML or JSON. The same definition twice changes nothing.
pub(crate) async fn apply(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Query(how): Query<ApplyQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let body = body::read(&headers, body, state.max_body).await?;
    let text = std::str::from_utf8(&body).map_err(|error| query::wrong("body", error))?;
    let definition = Definition::parse(text)?;
    let name = definition.name.clone();
    let (applied, workflow) = apply::apply(&state.engine, definition, how.dry_run).await?;
    let result = match applied {
        Applied::Created => "created",
        Applied::Updated => "updated",
        Applied::Unchanged => "unchanged",
    };
    let workflow = workflow.map(|workflow| convert::workflow(&workflow));
    Ok(Json(json!({ "name": name, "result": result, "dryRun": how.dry_run, "workflow": workflow })))
}
