//! The `emit` step: a new event, sent through the same way in as every other.
//!
//! Its name is the run and the step, so a step that is tried again after a crash finds the event that
//! it had sent already. How many emits led to an event travels in its headers; beyond a limit the
//! chain is a loop and ends.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::machine::{Failure, Outcome};
use crate::Engine;
use crate::event::Event;
use crate::expression::Scope;
use crate::id::{EventId, RunId};
use crate::intake;
use crate::workflow::definition::EmitStep;

/// Where events that workflows emit come from.
pub(crate) const SOURCE: &str = "sluice";
const DEPTH: &str = "sluice-emit-depth";
const DEEPEST: u32 = 8;

/// Sends the event of `step`; without a payload of its own it carries the run's input.
pub(super) async fn emit(
    engine: &Engine,
    run: RunId,
    step: &str,
    emit: &EmitStep,
    cause: &Event,
    input: &Json,
    scope: &Scope,
) -> Outcome {
    let depth = depth(cause) + 1;
    if depth > DEEPEST {
        let message =
            format!("{DEEPEST} events in a row were emitted by workflows: this looks like a loop");
        return failed("emit_loop", message, true);
    }
    let payload = emit.payload.as_ref().map(|payload| payload.render(scope)).transpose();
    let subject = emit.subject.as_ref().map(|subject| subject.render_text(scope)).transpose();
    let (payload, subject) = match (payload, subject) {
        (Ok(payload), Ok(subject)) => (payload.unwrap_or_else(|| input.clone()), subject),
        (Err(error), _) => return Outcome::Failed(Failure::expression(&error, "payload")),
        (_, Err(error)) => return Outcome::Failed(Failure::expression(&error, "subject")),
    };
    let event = Event {
        id: EventId::new(engine.environment.next_id()),
        event_id: format!("{run}:{step}"),
        event_type: emit.event_type.clone(),
        source: SOURCE.into(),
        subject,
        received_at: engine.now(),
        occurred_at: None,
        payload: payload.to_string().into(),
        headers: Arc::new([(DEPTH.into(), depth.to_string())]),
        replay_of: None,
        key_id: None,
    };
    match intake::accept(engine, Arc::new(event), true).await {
        Ok(accepted) => {
            Outcome::Succeeded(json!({ "id": accepted.id, "eventType": emit.event_type.as_str() }))
        }
        Err(error) => failed("emit", error.to_string(), false),
    }
}

fn depth(cause: &Event) -> u32 {
    let header = cause.headers.iter().find(|(name, _)| name == DEPTH);
    // Only Sluice's own events say how deep they are; a sender's header is not believed.
    header.filter(|_| cause.source == SOURCE).and_then(|(_, value)| value.parse().ok()).unwrap_or(0)
}

fn failed(code: &'static str, message: String, permanent: bool) -> Outcome {
    Outcome::Failed(Failure { code, message, permanent, retry_after: None })
}
