//! `/api/v1/workflows`: list, show, apply a definition by its name, turn on and off, delete.

use app::model::{AppliedView, CheckedView, Page, WorkflowView};
use app::ssr::{convert, definitions};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use engine::id::WorkflowId;
use engine::secret;
use engine::workflow::apply::{self, Save, SaveError, Target};
use engine::workflow::{Definition, check, remove, switch};
use serde::Deserialize;
use utoipa::IntoParams;

use super::body;
use super::query::{self, Asked, Named};
use crate::auth::{Authorized, Manage, Read};
use crate::problem::Problem;
use crate::router::AppState;

pub(crate) mod signing;
pub(crate) mod trial;
pub(crate) mod versions;

pub(crate) async fn list(
    _: Authorized<Read>,
    State(state): State<AppState>,
) -> Json<Page<WorkflowView>> {
    let current = state.engine.workflows.current();
    Json(Page::whole(current.workflows().iter().map(|it| convert::workflow(it)).collect()))
}

pub(crate) async fn get(
    _: Authorized<Read>,
    State(state): State<AppState>,
    Named(id): Named<WorkflowId>,
) -> Result<Json<WorkflowView>, Problem> {
    let workflow = apply::in_force(&state.engine, id).ok_or(SaveError::Unknown(id))?;
    Ok(Json(convert::workflow(&workflow)))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplyQuery {
    /// Say what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
    /// The version that you have seen, 0 for none: when another one is in force by now, nothing is done.
    expected_version: Option<u32>,
}

/// Takes YAML or JSON. The same definition twice changes nothing.
pub(crate) async fn apply(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Asked(how): Asked<ApplyQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<AppliedView>, Problem> {
    let text = text(&state, &headers, body).await?;
    let definition = compiled(&text)?;
    let name = definition.name.clone();
    let save = Save {
        target: Target::Named,
        expected: how.expected_version.map(i64::from),
        definition,
        dry_run: how.dry_run,
    };
    match apply::save(&state.engine, save).await {
        Ok(saved) => Ok(Json(definitions::saved(&saved, name, how.dry_run))),
        Err(error @ SaveError::MissingSecret(_)) => {
            let checked = secret::look_for(&state.engine.store, &text, check::check(&text)).await?;
            Err(Problem::from(error).at(definitions::checked(&checked).problems))
        }
        Err(error) => Err(error.into()),
    }
}

/// The definition, or all that is wrong with its text.
fn compiled(text: &str) -> Result<Definition, Problem> {
    Definition::parse(text).map_err(|error| {
        Problem::from(error).at(definitions::checked(&check::check(text)).problems)
    })
}

/// Takes YAML or JSON and says what is wrong with it; changes nothing.
pub(crate) async fn check(
    _: Authorized<Read>,
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<CheckedView>, Problem> {
    let text = text(&state, &headers, body).await?;
    let checked = secret::look_for(&state.engine.store, &text, check::check(&text)).await?;
    Ok(Json(definitions::checked(&checked)))
}

async fn text(state: &AppState, headers: &HeaderMap, body: Body) -> Result<String, Problem> {
    let body = body::read(headers, body, state.max_body).await?;
    String::from_utf8(body.into()).map_err(|error| query::wrong("body", error))
}

/// Its versions stay, and so do its runs.
pub(crate) async fn delete(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Named(id): Named<WorkflowId>,
) -> Result<StatusCode, Problem> {
    remove::remove(&state.engine, id).await?;
    Ok(StatusCode::NO_CONTENT)
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
