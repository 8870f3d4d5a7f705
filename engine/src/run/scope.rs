//! What expressions see of an event and of a run.

use serde_json::{Value as Json, json};

use super::RunState;
use crate::event::Event;
use crate::expression::Scope;
use crate::id::RunId;

/// `event` alone: what a filter and a trigger's input may read.
pub fn event_scope(event: &Event) -> Scope {
    let mut visible = json!({
        "id": event.id,
        "eventId": event.event_id,
        "eventType": event.event_type.as_str(),
        "type": event.event_type.as_str(),
        "source": event.source,
        "subject": event.subject,
        "receivedAt": event.received_at,
        "occurredAt": event.occurred_at,
    });
    // Moved in: within the macro it would be copied.
    visible["payload"] = serde_json::from_str(&event.payload).unwrap_or(Json::Null);
    Scope::default().with("event", &visible)
}

/// `event`, `input`, `steps` and `run`: what a step may read.
pub(super) fn step_scope(event: Scope, run: RunId, state: &RunState) -> Scope {
    event
        .with("input", state.input.as_ref().unwrap_or(&Json::Null))
        .with("steps", &Json::Object(state.steps.clone()))
        .with("run", &json!({ "id": run }))
}
