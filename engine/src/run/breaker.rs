//! How hosts that are called fare. One that has failed again and again is left alone for a while and then
//! tried by one call at a time; one that is slow keeps no more than its share of the worker.
//!
//! Invariant: a run that may not call now holds no room of the worker; how long it waits for its host is its
//! own policy's matter, see [`hold`](super::hold). The times at which such runs look again are spread out, so
//! that a long queue for one host costs the others little.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::time::Timestamp;

/// So many failures one after the other open the circuit, when none is older than [`WINDOW`].
const FAILURES: u32 = 10;
const WINDOW: i64 = 60_000;
/// How long an open circuit stays open at first; twice as long after each probe that fails.
const SHORTEST_REST: i64 = 1_000;
const LONGEST_REST: i64 = 60_000;
/// Nobody is left alone for longer than this because they ask for it.
const LONGEST_ASKED: Duration = Duration::from_secs(3_600);
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
    /// It asks to be left alone for so long.
    Asking(Duration),
    /// The call did not come so far.
    Nothing,
}

/// Why a host is not called now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// It has failed again and again.
    Failing,
    /// It asked to be left alone.
    Asked,
    /// It has all the calls that it may have.
    Full,
}

/// What a run is told that may not call now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) why: Why,
    /// When to ask again.
    pub(crate) until: Timestamp,
    /// Since when the host is left alone.
    pub(crate) since: Timestamp,
    /// Whoever asks again at a time of its own asks so many milliseconds later.
    pub(crate) spread: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    Open {
        until: Timestamp,
        rest: i64,
        why: Why,
    },
    /// One call is under way to see whether the host is back.
    Probing {
        rest: i64,
        why: Why,
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
    /// The same for those that look again at a time of their own.
    line: Timestamp,
    /// Since when it is not closed.
    since: Timestamp,
}

/// Whether a call may go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Go { probe: bool },
    Wait(Hold),
}

impl Circuit {
    fn new(now: Timestamp) -> Self {
        Self {
            state: State::Closed,
            failures: 0,
            first_failure: now,
            calls: 0,
            turn: now,
            line: now,
            since: now,
        }
    }

    fn ask(&mut self, now: Timestamp) -> Answer {
        if let Some(hold) = self.held(now) {
            return Answer::Wait(hold);
        }
        let probe = match self.state {
            State::Closed if self.calls >= MOST_CALLS => {
                return Answer::Wait(self.wait(Why::Full, now.plus_millis(FULL), now));
            }
            State::Open { rest, why, .. } => {
                self.state = State::Probing { rest, why };
                true
            }
            State::Closed | State::Probing { .. } => false,
        };
        self.calls += 1;
        Answer::Go { probe }
    }

    /// How long it is left alone now, if it is. It is not where its time is over: who asks then may try it.
    fn held(&mut self, now: Timestamp) -> Option<Hold> {
        let (why, until) = match self.state {
            State::Open { until, why, .. } if now < until => (why, until),
            State::Probing { why, .. } => (why, now.plus_millis(PROBING)),
            State::Closed | State::Open { .. } => return None,
        };
        Some(self.wait(why, until, now))
    }

    fn wait(&mut self, why: Why, earliest: Timestamp, now: Timestamp) -> Hold {
        let until = self.turn.max(earliest);
        self.turn = until.plus_millis(SPACING);
        let place = self.line.max(now);
        self.line = place.plus_millis(SPACING);
        Hold { why, until, since: self.since, spread: place.millis_since(now) }
    }

    fn ended(&mut self, probe: bool, seen: Seen, now: Timestamp) {
        self.calls = self.calls.saturating_sub(1);
        match (self.state, seen) {
            (State::Probing { .. }, Seen::Answering) if probe => *self = self.closed(now),
            (State::Probing { rest, .. }, Seen::Failing) if probe => {
                let rest = (rest * 2).min(LONGEST_REST);
                let until = now.plus_millis(rest);
                self.state = State::Open { until, rest, why: Why::Failing };
            }
            (State::Probing { rest, .. }, Seen::Asking(wait)) if probe => {
                let until = asked(now, wait).max(now.plus_millis(rest));
                self.state = State::Open { until, rest, why: Why::Asked };
            }
            (State::Probing { rest, why }, Seen::Nothing) if probe => {
                self.state = State::Open { until: now, rest, why };
            }
            (State::Open { until, rest, .. }, Seen::Asking(wait)) if asked(now, wait) > until => {
                self.state = State::Open { until: asked(now, wait), rest, why: Why::Asked };
            }
            // A call that was under way when the circuit opened tells nothing new.
            (State::Probing { .. } | State::Open { .. }, _) | (State::Closed, Seen::Nothing) => {}
            (State::Closed, Seen::Answering) => self.failures = 0,
            (State::Closed, Seen::Asking(wait)) => self.open(Why::Asked, asked(now, wait), now),
            (State::Closed, Seen::Failing) => {
                if self.failures == 0 || now.millis_since(self.first_failure) > WINDOW {
                    (self.failures, self.first_failure) = (0, now);
                }
                self.failures += 1;
                if self.failures >= FAILURES {
                    self.open(Why::Failing, now.plus_millis(SHORTEST_REST), now);
                }
            }
        }
    }

    fn open(&mut self, why: Why, until: Timestamp, now: Timestamp) {
        self.state = State::Open { until, rest: SHORTEST_REST, why };
        self.since = now;
    }

    fn closed(self, now: Timestamp) -> Self {
        Self { calls: self.calls, ..Self::new(now) }
    }

    fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    fn is_idle(&self, now: Timestamp) -> bool {
        self.is_closed() && self.failures == 0 && self.calls == 0 && self.turn <= now
    }
}

/// Until when a host is left alone that asks for it.
fn asked(now: Timestamp, wait: Duration) -> Timestamp {
    now.plus(wait.min(LONGEST_ASKED))
}

type Circuits = HashMap<String, Circuit>;

/// The circuits of all hosts that this node calls.
#[derive(Clone, Default)]
pub(crate) struct Breakers {
    circuits: Arc<Mutex<Circuits>>,
    /// How many are not closed.
    open: Arc<AtomicUsize>,
}

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
    pub(crate) fn ask(&self, host: &str, now: Timestamp) -> Result<Pass, Hold> {
        let mut circuits = self.circuits();
        if circuits.len() >= REMEMBERED && !circuits.contains_key(host) {
            circuits.retain(|_, circuit| !circuit.is_idle(now));
        }
        let circuit = circuits.entry(host.to_owned()).or_insert_with(|| Circuit::new(now));
        match circuit.ask(now) {
            Answer::Wait(hold) => Err(hold),
            Answer::Go { probe } => Ok(Pass {
                breakers: self.clone(),
                host: host.to_owned(),
                probe,
                since: now,
                ended: false,
            }),
        }
    }

    /// Whether some host is left alone: to ask this costs nothing.
    pub(crate) fn is_any_open(&self) -> bool {
        self.open.load(Ordering::Relaxed) > 0
    }

    /// How long a run waits that would call `host`, where that is left alone. Who may be the one to try whether
    /// it is back does not wait.
    pub(crate) fn held(&self, host: &str, now: Timestamp) -> Option<Hold> {
        self.circuits().get_mut(host)?.held(now)
    }

    fn circuits(&self) -> MutexGuard<'_, Circuits> {
        self.circuits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    pub(crate) fn ended(mut self, seen: Seen, now: Timestamp) {
        self.end(seen, now);
    }

    fn end(&mut self, seen: Seen, now: Timestamp) {
        self.ended = true;
        let Breakers { open, .. } = &self.breakers;
        if let Some(circuit) = self.breakers.circuits().get_mut(&self.host) {
            let before = circuit.is_closed();
            circuit.ended(self.probe, seen, now);
            match (before, circuit.is_closed()) {
                (true, false) => drop(open.fetch_add(1, Ordering::Relaxed)),
                (false, true) => drop(open.fetch_sub(1, Ordering::Relaxed)),
                _ => {}
            }
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
