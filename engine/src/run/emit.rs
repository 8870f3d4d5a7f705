//! The `emit` step: a new event, sent through the same way in as every other.
//!
//! Its name is the run and the step, so a step that is tried again after a crash finds the event that
//! it had sent already. How many emits led to an event travels in its headers; beyond a limit the
//! chain is a loop and ends.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::machine::{Failure, Outcome};
use super::trace;
use crate::Engine;
use crate::event::{Event, EventType, Headers};
use crate::expression::Scope;
use crate::id::{EventId, RunId};
use crate::intake;
use crate::workflow::definition::EmitStep;

/// Where events that workflows emit come from.
pub(crate) const SOURCE: &str = "sluice";
const DEPTH: &str = "sluice-emit-depth";
const DEEPEST: u32 = 8;

/// What an event is emitted by.
pub(super) struct Cause<'c> {
    pub(super) run: RunId,
    pub(super) step: &'c str,
    /// The event that the run belongs to.
    pub(super) event: &'c Event,
    pub(super) trace: &'c trace::Context,
}

/// Sends an event; without a payload of its own it carries the run's input.
pub(super) async fn emit(
    engine: &Engine,
    cause: Cause<'_>,
    emit: &EmitStep,
    input: &Json,
    scope: &Scope,
) -> Outcome {
    let Cause { run, step, event, trace } = cause;
    let depth = depth(event) + 1;
    if depth > DEEPEST {
        let message =
            format!("{DEEPEST} events in a row were emitted by workflows: this looks like a loop");
        return failed("emit_loop", message, true);
    }
    let Rendered { event_type, subject, payload } = match render(emit, input, scope) {
        Ok(rendered) => rendered,
        Err(failure) => return Outcome::Failed(failure),
    };
    let name = event_type.to_string();
    let trace = trace.iter().map(|(name, value)| (*name, value.clone()));
    let headers = Headers::masked([(DEPTH, depth.to_string())].into_iter().chain(trace));
    let event = Event {
        id: EventId::new(engine.environment.next_id()),
        event_id: format!("{run}:{step}"),
        event_type,
        source: SOURCE.into(),
        subject,
        received_at: engine.now(),
        occurred_at: None,
        payload: payload.to_string().into(),
        headers,
        replay_of: None,
        key_id: None,
    };
    match intake::accept(engine, Arc::new(event), true).await {
        Ok(accepted) => Outcome::Succeeded(json!({ "id": accepted.id, "eventType": name })),
        Err(error) => failed("emit", error.to_string(), false),
    }
}

struct Rendered {
    event_type: EventType,
    subject: Option<String>,
    payload: Json,
}

fn render(emit: &EmitStep, input: &Json, scope: &Scope) -> Result<Rendered, Failure> {
    let failed = |place: &'static str| move |error| Failure::expression(&error, place);
    let name = emit.event_type.render_text(scope).map_err(failed("eventType"))?;
    let subject = emit.subject.as_ref().map(|subject| subject.render_text(scope)).transpose();
    let payload = emit.payload.as_ref().map(|payload| payload.render(scope)).transpose();
    Ok(Rendered {
        event_type: EventType::parse(&name)
            .map_err(|error| Failure::rendered(error, "eventType"))?,
        subject: subject.map_err(failed("subject"))?,
        payload: payload.map_err(failed("payload"))?.unwrap_or_else(|| input.clone()),
    })
}

fn depth(cause: &Event) -> u32 {
    // Only Sluice's own events say how deep they are; a sender's header is not believed.
    if cause.source != SOURCE {
        return 0;
    }
    cause.headers.get(DEPTH).and_then(|depth| depth.parse().ok()).unwrap_or(0)
}

fn failed(code: &'static str, message: String, permanent: bool) -> Outcome {
    Outcome::Failed(Failure { code, message, permanent, retry_after: None })
}
