//! `/api/v1/workflows`: list, apply a definition by its name, turn on and off.

use app::model::{Page, WorkflowView};
use app::ssr::convert;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use engine::id::WorkflowId;
use engine::workflow::apply::{self, Applied};
use engine::workflow::{Definition, switch};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::body;
use super::query::{self, Asked, Named};
use crate::auth::{Authorized, Manage, Read};
use crate::problem::Problem;
use crate::router::AppState;

pub(crate) async fn list(
    _: Authorized<Read>,
    State(state): State<AppState>,
) -> Json<Page<WorkflowView>> {
    let current = state.engine.workflows.current();
    Json(Page::whole(current.workflows().iter().map(|it| convert::workflow(it)).collect()))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplyQuery {
    /// Say what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// What applying a definition did, or would do.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Applied)]
pub(crate) struct AppliedView {
    name: String,
    result: AppliedResult,
    dry_run: bool,
    /// As it is in force now; `null` when nothing of this name is.
    workflow: Option<WorkflowView>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
enum AppliedResult {
    Created,
    Updated,
    Unchanged,
}

/// Takes YAML or JSON. The same definition twice changes nothing.
pub(crate) async fn apply(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Asked(how): Asked<ApplyQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<AppliedView>, Problem> {
    let body = body::read(&headers, body, state.max_body).await?;
    let text = std::str::from_utf8(&body).map_err(|error| query::wrong("body", error))?;
    let definition = Definition::parse(text)?;
    let name = definition.name.clone();
    let (applied, workflow) = apply::apply(&state.engine, definition, how.dry_run).await?;
    let result = match applied {
        Applied::Created => AppliedResult::Created,
        Applied::Updated => AppliedResult::Updated,
        Applied::Unchanged => AppliedResult::Unchanged,
    };
    let workflow = workflow.map(|workflow| convert::workflow(&workflow));
    Ok(Json(AppliedView { name, result, dry_run: how.dry_run, workflow }))
}

pub(crate) async fn enable(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Named(id): Named<WorkflowId>,
) -> Result<Json<WorkflowView>, Problem> {
    let workflow = switch::switch(&state.engine, id, true).await?;
    Ok(Json(convert::workflow(&workflow)))
}

pub(crate) async fn disable(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Named(id): Named<WorkflowId>,
) -> Result<Json<WorkflowView>, Problem> {
    let workflow = switch::switch(&state.engine, id, false).await?;
    Ok(Json(convert::workflow(&workflow)))
}
