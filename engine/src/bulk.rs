//! One action for many events: planned with its counts, worked off in small batches, watched, and
//! cancelled or stopped on the way.
//!
//! Invariant: how far an operation has come changes in the commit of each batch, so a crash neither
//! repeats nor leaves out an event; and it touches none that came after its plan.

use std::fmt;

use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, broadcast};

use crate::event::note::InvalidNote;
use crate::event::{EventFilter, EventStatus, Pattern, pattern};
use crate::id::{BulkId, EventId};
use crate::store::StoreError;
use crate::time::Timestamp;

pub mod canary;
pub mod manage;
pub mod plan;
pub mod worker;

/// How many events may be named one by one.
pub const MOST_IDS: usize = 1_000;

#[derive(Debug, thiserror::Error)]
pub enum BulkError {
    #[error("there is no operation {0}")]
    Unknown(BulkId),
    #[error(transparent)]
    Filter(#[from] InvalidFilter),
    #[error("`note`: {0}")]
    Note(#[from] InvalidNote),
    #[error("the operation is {0}: only one that has not ended can be cancelled")]
    Ended(State),
    #[error("the operation is {0}: only one that has stopped can be resumed")]
    NotStopped(State),
    #[error("the operation could not be read or written: {0}")]
    Store(#[from] StoreError),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Queue the failed runs again, each from the step that failed.
    Retry,
    /// Send the events through again, each as a new one.
    Replay,
    /// Take them as processed.
    Resolve,
    Delete,
}

impl Action {
    pub const ALL: [Self; 4] = [Self::Retry, Self::Replay, Self::Resolve, Self::Delete];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Replay => "replay",
            Self::Resolve => "resolve",
            Self::Delete => "delete",
        }
    }

    pub(crate) fn stored(text: &str) -> Self {
        Self::ALL.into_iter().find(|action| action.as_str() == text).unwrap_or(Self::Resolve)
    }

    /// Whether its effect can be seen to fail, so that a few can go first.
    pub fn has_canary(self) -> bool {
        matches!(self, Self::Retry | Self::Replay)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `planned → running ⇄ paused → finished | cancelled | stopped`; a stopped one can be resumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    Planned,
    Running,
    /// Waits for the first ones to settle.
    Paused,
    Finished,
    Cancelled,
    /// The first ones failed again.
    Stopped,
}

impl State {
    pub const ALL: [Self; 6] = [
        Self::Planned,
        Self::Running,
        Self::Paused,
        Self::Finished,
        Self::Cancelled,
        Self::Stopped,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Finished => "finished",
            Self::Cancelled => "cancelled",
            Self::Stopped => "stopped",
        }
    }

    pub(crate) fn stored(text: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.as_str() == text).unwrap_or(Self::Cancelled)
    }

    /// Whether it goes on by itself.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Planned | Self::Running | Self::Paused)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How many go at once: with a canary first one, then ten, then the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    One,
    Ten,
    Rest,
}

impl Phase {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Ten => "ten",
            Self::Rest => "rest",
        }
    }

    pub(crate) fn stored(text: &str) -> Self {
        [Self::One, Self::Ten]
            .into_iter()
            .find(|phase| phase.as_str() == text)
            .unwrap_or(Self::Rest)
    }

    fn first(canary: bool) -> Self {
        if canary { Self::One } else { Self::Rest }
    }
}

/// Which events, as somebody asked; absent fields match all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Filter {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<EventStatus>,
    /// A pattern such as `order.*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
    /// An event's id, its sender's id, or the beginning of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// A group of dead letters, `grp_…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// These events and no others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<EventId>,
}

#[derive(Debug, thiserror::Error)]
pub enum InvalidFilter {
    #[error("`eventType`: {0}")]
    Pattern(#[from] pattern::InvalidPattern),
    #[error("`status`: events that are {0} cannot be taken by {1}")]
    Status(EventStatus, Action),
    #[error("`filter`: say which events to delete; without a condition it would be all of them")]
    Everything,
    #[error("`ids`: at most {MOST_IDS} events can be named; use the other fields for more")]
    TooMany,
    #[error("`canary`: only retry and replay can be tried with a few events first")]
    Canary,
}

impl Filter {
    /// The events that `action` is for; held ones are never deleted. Without a status, retry and resolve take those that failed,
    /// delete takes those that have settled, and replay takes all.
    pub fn events(&self, action: Action) -> Result<EventFilter, InvalidFilter> {
        let status = match (action, self.status) {
            (Action::Retry | Action::Resolve, None) => Some(EventStatus::Failed),
            (Action::Retry, Some(status)) if status != EventStatus::Failed => {
                return Err(InvalidFilter::Status(status, action));
            }
            (
                Action::Resolve | Action::Delete,
                Some(status @ (EventStatus::Pending | EventStatus::Processing)),
            ) => return Err(InvalidFilter::Status(status, action)),
            (_, status) => status,
        };
        if action == Action::Delete && *self == Self::default() {
            return Err(InvalidFilter::Everything);
        }
        if self.ids.len() > MOST_IDS {
            return Err(InvalidFilter::TooMany);
        }
        Ok(EventFilter {
            event_type: self.event_type.as_deref().map(Pattern::parse).transpose()?,
            source: self.source.clone(),
            status,
            from: self.from,
            to: self.to,
            id: self.q.clone(),
            group: self.group.clone(),
            bulk: None,
            ids: self.ids.clone(),
            settled: action == Action::Delete,
            held: (action == Action::Delete).then_some(false),
            ..EventFilter::default()
        })
    }
}

/// An operation and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    pub id: BulkId,
    pub action: Action,
    pub filter: Filter,
    /// Kept with each event that is taken as processed.
    pub note: Option<String>,
    pub created_by: String,
    pub created_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    pub state: State,
    /// Why it stopped.
    pub reason: Option<String>,
    pub canary: bool,
    pub phase: Phase,
    /// The events of this phase, until they have settled.
    pub watched: Vec<EventId>,
    /// The last event at the time of the plan.
    pub upper_seq: i64,
    /// The last event that has been looked at.
    pub position: i64,
    /// How many there were at the plan, or more where others came to fit meanwhile.
    pub total: i64,
    /// `succeeded`, `failed` and `skipped` together.
    pub done: i64,
    /// For how many it was done; whether a retried event then fails again is another matter.
    pub succeeded: i64,
    /// For how many it could not be done.
    pub failed: i64,
    /// How many had changed or gone by the time it was their turn.
    pub skipped: i64,
}

/// What a batch did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Handled {
    /// The events to be watched: those that were retried, or the new ones.
    pub succeeded: Vec<EventId>,
    pub failed: i64,
    pub skipped: i64,
}

impl Operation {
    /// Counts a batch up to the event `upto`. Pure.
    pub(crate) fn handled(&mut self, batch: Handled, upto: i64) {
        self.position = upto;
        self.succeeded += batch.succeeded.len() as i64;
        self.failed += batch.failed;
        self.skipped += batch.skipped;
        self.done = self.succeeded + self.failed + self.skipped;
        self.total = self.total.max(self.done);
        // Where all were skipped nothing can be learnt yet.
        let waits = self.phase != Phase::Rest && !batch.succeeded.is_empty();
        self.state = if waits { State::Paused } else { State::Running };
        self.watched = if waits { batch.succeeded } else { Vec::new() };
    }

    pub(crate) fn go_on(&mut self, phase: Phase) {
        self.state = State::Running;
        self.phase = phase;
        self.watched.clear();
    }

    pub(crate) fn stop(&mut self, reason: String) {
        self.state = State::Stopped;
        self.reason = Some(reason);
        self.watched.clear();
    }

    /// What was planned and is not there any more was skipped.
    pub(crate) fn finish(&mut self, now: Timestamp) {
        self.skipped += self.total - self.done;
        self.done = self.total;
        self.state = State::Finished;
        self.finished_at = Some(now);
    }

    pub(crate) fn cancel(&mut self, now: Timestamp) {
        self.state = State::Cancelled;
        self.finished_at = Some(now);
        self.watched.clear();
    }

    /// Begins again after a stop. `again` of those that were retried have failed again and are taken
    /// once more, from the beginning; a replay goes on where it stood, as its events are new ones.
    pub(crate) fn resume(&mut self, again: i64) {
        self.state = State::Running;
        self.reason = None;
        self.phase = Phase::first(self.canary);
        self.watched.clear();
        if self.action == Action::Retry {
            self.position = 0;
            self.succeeded -= again.min(self.succeeded);
            self.done = self.succeeded + self.failed + self.skipped;
        }
    }
}

/// Wakes the worker, and tells those who watch how operations come on.
pub(crate) struct Desk {
    pub(crate) wake: Notify,
    changes: broadcast::Sender<Operation>,
}

/// How many changes a watcher may lag behind; the next one makes up for those it missed.
const LAG: usize = 64;

impl Default for Desk {
    fn default() -> Self {
        Self { wake: Notify::new(), changes: broadcast::Sender::new(LAG) }
    }
}

impl Desk {
    pub(crate) fn publish(&self, operation: Operation) {
        // Nobody may be watching.
        let _nobody = self.changes.send(operation);
    }
}

impl crate::Engine {
    /// Operations as they come on.
    pub fn watch_bulk(&self) -> broadcast::Receiver<Operation> {
        self.bulk.changes.subscribe()
    }
}
