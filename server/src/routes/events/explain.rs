//! `GET /api/v1/events/{id}/explain`: why each trigger did or did not match.

use axum::Json;
use axum::extract::State;
use engine::event::read;
use engine::id::EventId;
use engine::workflow::explain::{self, Verdict};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::auth::{Authorized, Read};
use crate::problem::Problem;
use crate::router::AppState;
use crate::routes::query::Named;

/// What each trigger makes of the event, in the order of the workflows.
#[derive(Serialize, ToSchema)]
pub(crate) struct Explanation {
    items: Vec<Explained>,
}

/// What one trigger makes of the event.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Explained {
    workflow: ExplainedWorkflow,
    /// Which of the workflow's triggers, from 0.
    trigger: usize,
    /// The trigger's pattern.
    event_type: String,
    filter: Option<String>,
    matched: bool,
    reason: Reason,
    /// The part of the filter that is not true.
    clause: Option<String>,
    saw: Option<Saw>,
}

#[derive(Serialize, ToSchema)]
struct ExplainedWorkflow {
    id: String,
    name: String,
    version: i64,
    enabled: bool,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
enum Reason {
    Matched,
    /// The workflow is switched off.
    Disabled,
    /// The workflow was made after the event had come.
    CreatedLater,
    /// The event's type does not fit the pattern.
    EventType,
    /// A part of the filter is not true.
    Filter,
}

/// What the clause looked at: its value, or why it had none.
#[derive(Serialize, ToSchema)]
struct Saw {
    /// The left side of its comparison, or all of it.
    expression: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Against the workflows in force now.
pub(crate) async fn of_event(
    _: Authorized<Read>,
    State(state): State<AppState>,
    Named(id): Named<EventId>,
) -> Result<Json<Explanation>, Problem> {
    let event = read::get(&state.engine, id).await?.into_event();
    let verdicts = explain::explain(state.engine.workflows.current().workflows(), &event);
    Ok(Json(Explanation { items: verdicts.iter().map(explained).collect() }))
}

fn explained(verdict: &Verdict) -> Explained {
    let workflow = &verdict.workflow;
    let trigger = &workflow.definition.document.triggers[verdict.trigger];
    let (clause, saw) = match &verdict.reason {
        explain::Reason::Filter { clause, saw: it } => (Some(clause.clone()), Some(saw(it))),
        _ => (None, None),
    };
    Explained {
        workflow: ExplainedWorkflow {
            id: workflow.id.to_string(),
            name: workflow.definition.name.clone(),
            version: workflow.version,
            enabled: workflow.enabled,
        },
        trigger: verdict.trigger,
        event_type: trigger.event_type.clone(),
        filter: trigger.filter.clone(),
        matched: verdict.reason == explain::Reason::Matched,
        reason: match verdict.reason {
            explain::Reason::Matched => Reason::Matched,
            explain::Reason::Disabled => Reason::Disabled,
            explain::Reason::CreatedLater => Reason::CreatedLater,
            explain::Reason::EventType => Reason::EventType,
            explain::Reason::Filter { .. } => Reason::Filter,
        },
        clause,
        saw,
    }
}

fn saw(saw: &explain::Saw) -> Saw {
    let expression = saw.expression.clone();
    match &saw.value {
        Ok(value) => Saw { expression, value: Some(value.clone()), error: None },
        Err(error) => Saw { expression, value: None, error: Some(error.clone()) },
    }
}
