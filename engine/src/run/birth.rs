//! How a run begins that an event has just started.
//!
//! Invariant: a run whose first step calls, whatever the event is, a host that is left alone waits from its
//! birth, as if it had been looked at and had found that. So a flood for such a host costs the worker nothing.
//! What else may be wrong with it is found when it begins.

use super::RunState;
use super::hold::{self, Held};
use super::http::{origin, place};
use super::room::{Room, Ticket};
use super::turn::Turn;
use crate::Engine;
use crate::event::Event;
use crate::json;
use crate::time::Timestamp;
use crate::workflow::triggers::Match;
use crate::workflow::{Step, StepKind};

pub enum Birth {
    /// At once: this node's worker has room, and leases it.
    Leased(Ticket),
    /// As soon as a worker takes it from the queue.
    Queued,
    /// When it has its turn.
    InLine(Turn),
    /// It waits for the host of its first call; what it remembers of that is JSON.
    Waiting { state: String, until: Timestamp },
}

/// Of the run that `found` starts; leased as far as there is `room`, or, without any, left in the queue.
pub(crate) fn of(engine: &Engine, event: &Event, found: &Match, room: Option<&Room>) -> Birth {
    let definition = &found.workflow.definition;
    if let Some(turn) = Turn::of(definition, found.trigger, event) {
        return Birth::InLine(turn);
    }
    if let Some((state, until)) = definition.steps.first().and_then(|step| held(engine, step)) {
        return Birth::Waiting { state: json::text(&state), until };
    }
    let ticket = room.and_then(|room| room.ticket(found.workflow.id, event.payload.len()));
    ticket.map_or(Birth::Queued, Birth::Leased)
}

/// Whether a run that begins with this step waits for a host, and until when; only where that host is certain.
fn held(engine: &Engine, step: &Step) -> Option<(RunState, Timestamp)> {
    if !engine.breakers.is_any_open() || step.when.is_some() {
        return None;
    }
    let StepKind::Http(http) = &step.kind else { return None };
    let (host, now) = (place(&origin(http)?), engine.steady());
    let hold = engine.breakers.held(&host, now)?;
    let mut state = RunState { held_by: Some(host), ..RunState::default() };
    match hold::hold(&mut state, &step.retry, hold, now) {
        Held::Waits { until } => Some((state, until)),
        Held::Spends => None,
    }
}
