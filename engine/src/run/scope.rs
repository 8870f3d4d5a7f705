//! What expressions see of an event and of a run.

use serde_json::{Value as Json, json};

use super::RunState;
use crate::event::Event;
use crate::expression::Scope;
use crate::id::RunId;

/// `event` alone: what a filter and a trigger's input may read. Without `payload` where it cannot be read,
/// so that nothing is taken for something else.
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
    if let Ok(payload) = payload_of(&event.payload) {
        visible["payload"] = payload;
    }
    Scope::default().with("event", visible)
}

/// What is kept byte for byte may be more than a value can hold: 1e400, or half a surrogate pair.
pub(crate) fn payload_of(payload: &str) -> Result<Json, serde_json::Error> {
    serde_json::from_str(payload)
}

/// The event's payload, where it can be read.
pub(crate) fn payload(scope: &Scope) -> Option<&Json> {
    scope.get("event")?.get("payload")
}

/// `event`, `input`, `steps` and `run`: what a step may read.
pub(super) fn step_scope(event: Scope, run: RunId, state: &RunState) -> Scope {
    event
        .with("input", state.input.clone().unwrap_or_default())
        .with("steps", Json::Object(state.steps.clone()))
        .with("run", json!({ "id": run }))
}
