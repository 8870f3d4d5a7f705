//! How hosts that are called fare. One that has failed again and again is left alone for a while and then
//! tried by one call at a time; one that is slow keeps no more than its share of the worker.
//!
//! Invariant: a run that may not call now holds no room of the worker and spends no attempt. The times at
//! which such runs look again are spread out, so that a long queue for one host costs the others little.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::time::Timestamp;

/// So many failures one after the other open the circuit, when none is older than [`WINDOW`].
const FAILURES: u32 = 10;
const WINDOW: i64 = 60_000;
/// How long an open circuit stays open at first; twice as long after each probe that fails.
const SHORTEST_REST: i64 = 1_000;
const LONGEST_REST: i64 = 60_000;
/// How long others wait while a probe is under way, or while the host has all the calls it may have.
const PROBING: i64 = 1_000;
const FULL: i64 = 100;
/// Runs that wait for one host look again one after the other, this far apart.
const SPACING: i64 = 2;
/// How many calls one host may have under way: three quarters of the worker's room.
const MOST_CALLS: usize = 192;
/// Hosts without failures and calls are forgotten beyond this many.
const REMEMBERED: usize = 10_000;

/// What a call showed of its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    Answering,
    Failing,
    /// The call did not come so far.
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    Open {
        until: Timestamp,
        rest: i64,
    },
    /// One call is under way to see whether the host is back.
    Probing {
        rest: i64,
    },
}

/// A host's circuit. Pure: the time is an argument.
#[derive(Debug, Clone, Copy)]
struct Circuit {
    state: State,
    failures: u32,
    first_failure: Timestamp,
    calls: usize,
    /// When the next run that has to wait may look again.
    turn: Timestamp,
}

/// Whether a call may go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Go { probe: bool },
    Wait { until: Timestamp },
}

impl Circuit {
    fn new(now: Timestamp) -> Self {
        Self { state: State::Closed, failures: 0, first_failure: now, calls: 0, turn: now }
    }

    fn ask(&mut self, now: Timestamp) -> Answer {
        let wait = match self.state {
            State::Closed if self.calls < MOST_CALLS => None,
            State::Closed => Some(now.plus_millis(FULL)),
            State::Open { until, .. } if now < until => Some(until),
            State::Open { rest, .. } => {
                self.state = State::Probing { rest };
                self.calls += 1;
                return Answer::Go { probe: true };
            }
            State::Probing { .. } => Some(now.plus_millis(PROBING)),
        };
        match wait {
            None => {
                self.calls += 1;
                Answer::Go { probe: false }
            }
            Some(earliest) => {
                let until = self.turn.max(earliest);
                self.turn = until.plus_millis(SPACING);
                Answer::Wait { until }
            }
        }
    }

    fn ended(&mut self, probe: bool, seen: Seen, now: Timestamp) {
        self.calls = self.calls.saturating_sub(1);
        match (self.state, seen) {
            (State::Probing { .. }, Seen::Answering) if probe => *self = self.closed(now),
            (State::Probing { rest }, Seen::Failing) if probe => {
                let rest = (rest * 2).min(LONGEST_REST);
                self.state = State::Open { until: now.plus_millis(rest), rest };
            }
            (State::Probing { rest }, Seen::Nothing) if probe => {
                self.state = State::Open { until: now, rest };
            }
            // A call that was under way when the circuit opened tells nothing new.
            (State::Probing { .. } | State::Open { .. }, _) | (State::Closed, Seen::Nothing) => {}
            (State::Closed, Seen::Answering) => self.failures = 0,
            (State::Closed, Seen::Failing) => {
                if self.failures == 0 || now.millis_since(self.first_failure) > WINDOW {
                    (self.failures, self.first_failure) = (0, now);
                }
                self.failures += 1;
                if self.failures >= FAILURES {
                    let until = now.plus_millis(SHORTEST_REST);
                    self.state = State::Open { until, rest: SHORTEST_REST };
                }
            }
        }
    }

    fn closed(self, now: Timestamp) -> Self {
        Self { calls: self.calls, ..Self::new(now) }
    }

    fn is_idle(&self, now: Timestamp) -> bool {
        self.state == State::Closed && self.failures == 0 && self.calls == 0 && self.turn <= now
    }
}

type Circuits = HashMap<String, Circuit>;

/// The circuits of all hosts that this node calls.
#[derive(Clone, Default)]
pub(crate) struct Breakers(Arc<Mutex<Circuits>>);

/// The right to make one call.
pub(crate) struct Pass {
    breakers: Breakers,
    host: String,
    probe: bool,
    /// The time to go by when the call ends without a word, as in a panic.
    since: Timestamp,
    ended: bool,
}

impl Breakers {
    /// Lets a call to `host` go out, or says when to ask again.
    pub(crate) fn ask(&self, host: &str, now: Timestamp) -> Result<Pass, Timestamp> {
        let mut circuits = self.circuits();
        if circuits.len() >= REMEMBERED && !circuits.contains_key(host) {
            circuits.retain(|_, circuit| !circuit.is_idle(now));
        }
        let circuit = circuits.entry(host.to_owned()).or_insert_with(|| Circuit::new(now));
        match circuit.ask(now) {
            Answer::Wait { until } => Err(until),
            Answer::Go { probe } => Ok(Pass {
                breakers: self.clone(),
                host: host.to_owned(),
                probe,
                since: now,
                ended: false,
            }),
        }
    }

    fn circuits(&self) -> MutexGuard<'_, Circuits> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    pub(crate) fn ended(mut self, seen: Seen, now: Timestamp) {
        self.end(seen, now);
    }

    fn end(&mut self, seen: Seen, now: Timestamp) {
        self.ended = true;
        if let Some(circuit) = self.breakers.circuits().get_mut(&self.host) {
            circuit.ended(self.probe, seen, now);
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if !self.ended {
            self.end(Seen::Nothing, self.since);
        }
    }
}

#[cfg(test)]
mod tests;
