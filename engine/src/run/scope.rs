//! What expressions see of an event and of a run.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::RunState;
use crate::event::Event;
use crate::expression::Scope;
use crate::id::RunId;

/// `event` alone: what a filter and a trigger's input may read.
pub fn event_scope(event: &Event) -> Scope {
    Scope::default().with("event", visible(event, payload_of(&event.payload).ok()))
}

/// The same for a run, whose steps may read nothing of it; `payload` where that has been read.
pub(super) fn event_scope_of_run(event: &Arc<Event>, payload: Option<Arc<Json>>) -> Scope {
    let event = Arc::clone(event);
    Scope::default().with_made("event", move || {
        visible(&event, payload.or_else(|| payload_of(&event.payload).ok()))
    })
}

/// Without `payload` where it cannot be read, so that nothing is taken for something else.
fn visible(event: &Event, payload: Option<Arc<Json>>) -> Json {
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
    if let Some(payload) = payload {
        visible["payload"] = Arc::unwrap_or_clone(payload);
    }
    visible
}

/// What is kept byte for byte may be more than a value can hold: 1e400, or half a surrogate pair.
pub(crate) fn payload_of(payload: &str) -> Result<Arc<Json>, serde_json::Error> {
    serde_json::from_str(payload).map(Arc::new)
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
