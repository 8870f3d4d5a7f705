//! `GET /api/v1/events/{id}/explain`: why each trigger did or did not match.

use axum::Json;
use axum::extract::{Path, State};
use engine::event::read;
use engine::workflow::explain::{Reason, Verdict, explain};
use serde_json::{Value, json};

use super::query;
use crate::auth::{Authorized, Read};
use crate::problem::Problem;
use crate::router::AppState;

/// Against the workflows in force now.
pub(crate) async fn of_event(
    _: Authorized<Read>,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let event = read::get(&state.engine, query::id(&id)?).await?.into_event();
    let verdicts = explain(state.engine.workflows.current().workflows(), &event);
    Ok(Json(json!({ "items": verdicts.iter().map(view).collect::<Vec<_>>() })))
}

fn view(verdict: &Verdict) -> Value {
    let workflow = &verdict.workflow;
    let trigger = &workflow.definition.document.triggers[verdict.trigger];
    let mut view = json!({
        "workflow": {
            "id": workflow.id,
            "name": workflow.definition.name,
            "version": workflow.version,
            "enabled": workflow.enabled,
        },
        "trigger": verdict.trigger,
        "eventType": trigger.event_type,
        "filter": trigger.filter,
        "matched": verdict.reason == Reason::Matched,
        "reason": name(&verdict.reason),
    });
    if let Reason::Filter { clause, saw } = &verdict.reason {
        view["clause"] = json!(clause);
        view["saw"] = match &saw.value {
            Ok(value) => json!({ "expression": saw.expression, "value": value }),
            Err(error) => json!({ "expression": saw.expression, "error": error }),
        };
    }
    view
}

fn name(reason: &Reason) -> &'static str {
    match reason {
        Reason::Matched => "matched",
        Reason::Disabled => "disabled",
        Reason::CreatedLater => "createdLater",
        Reason::EventType => "eventType",
        Reason::Filter { .. } => "filter",
    }
}
