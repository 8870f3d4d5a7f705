//! A run: one workflow at work for one event, step by step, each attempt journalled.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::event::{EventError, EventType};
use crate::id::{EventId, RunId, WorkflowId};
use crate::json;
use crate::time::Timestamp;

pub mod birth;
pub(crate) mod breaker;
pub mod cancel;
pub mod credentials;
pub mod emit;
pub(crate) mod hold;
pub mod http;
pub mod machine;
pub mod moves;
mod poison;
pub mod read;
pub mod retry;
pub mod room;
pub mod scope;
pub mod targets;
pub mod trace;
pub mod trial;
pub(crate) mod turn;
pub mod worker;

/// `queued → running → waiting → succeeded | failed | cancelled`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    Queued,
    Running,
    Waiting,
    Succeeded,
    Failed,
    Cancelled,
}

impl RunStatus {
    pub const ALL: [Self; 6] = [
        Self::Queued,
        Self::Running,
        Self::Waiting,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    pub(crate) fn stored(text: &str) -> Self {
        Self::ALL.into_iter().find(|status| status.as_str() == text).unwrap_or(Self::Cancelled)
    }

    pub fn is_finished(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a run remembers between its steps; stored with every attempt.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RunState {
    /// The trigger's input, mapped when the run started.
    pub input: Option<Arc<Json>>,
    /// The step that is next, counted from 0.
    pub position: usize,
    /// Attempts made at that step.
    pub attempt: u32,
    /// Attempts made in the whole run; numbers the journal.
    pub attempts: i64,
    pub steps: serde_json::Map<String, Json>,
    /// When the delay that the run is in ends.
    pub delayed_until: Option<Timestamp>,
    pub first_failed_at: Option<Timestamp>,
    /// When somebody had it tried again after it had failed; how long it takes counts from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revived_at: Option<Timestamp>,
    /// Asked for by hand; see [`trial`].
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub test: bool,
    /// The host that lets the run wait: it is left alone, or has all the calls it may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_by: Option<String>,
    /// Since when a host that is left alone keeps this attempt from being made, in steady time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_since: Option<Timestamp>,
    /// It needs its turn; see [`turn`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn: Option<turn::Turn>,
    /// The event of a test run, where it was made up for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<Box<trial::Carried>>,
}

impl RunState {
    /// As it is stored.
    pub(crate) fn stored(&self) -> StoredState {
        let Self { attempts, test, revived_at, .. } = *self;
        StoredState { text: json::text(self), attempts, test, turn: self.turn.clone(), revived_at }
    }
}

/// The state of a run as JSON, made before all runs share the writer, and what that looks at.
#[derive(Debug, Clone)]
pub struct StoredState {
    pub(crate) text: String,
    pub(crate) attempts: i64,
    pub(crate) test: bool,
    pub(crate) turn: Option<turn::Turn>,
    pub(crate) revived_at: Option<Timestamp>,
}

/// So many attempts of a run does its journal keep, the newest: one that is brought back again and again
/// does not grow without end.
pub const JOURNAL_KEPT: i64 = 10_000;

/// One attempt at a step, as the journal keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct StepAttempt {
    /// Counts all attempts of the run from 1.
    pub number: i64,
    pub step: String,
    /// Counts the attempts at this step from 1.
    pub attempt: u32,
    pub succeeded: bool,
    pub started_at: Timestamp,
    pub duration_ms: i64,
    /// What was sent, as JSON.
    pub request: Option<String>,
    /// What was answered, as JSON.
    pub response: Option<String>,
    pub error: Option<String>,
}

impl StepAttempt {
    /// How many bytes of text it has, where it can be many.
    pub(crate) fn size(&self) -> usize {
        [&self.request, &self.response, &self.error].into_iter().flatten().map(String::len).sum()
    }
}

/// A run as the event page shows it.
#[derive(Debug, Clone)]
pub struct RunRecord {
    pub id: RunId,
    pub workflow_id: WorkflowId,
    pub workflow_name: String,
    pub workflow_version: i64,
    /// Asked for by hand: it changes nothing of its event, and no figure counts it.
    pub test: bool,
    pub status: RunStatus,
    pub due_at: Option<Timestamp>,
    /// The host that lets a waiting run wait.
    pub held_by: Option<String>,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    pub error: Option<EventError>,
    /// How many attempts it has made.
    pub attempts_made: i64,
    /// The newest of them, in their order, as far as they were read.
    pub attempts: Vec<StepAttempt>,
}

/// A run with its journal and the event that started it.
#[derive(Debug, Clone)]
pub struct RunDetail {
    pub run: RunRecord,
    /// `None` for a test run on a made up event, and once the event was deleted.
    pub event: Option<RunEvent>,
}

/// The event of a run, as far as a list of runs shows it.
#[derive(Debug, Clone)]
pub struct RunEvent {
    pub id: EventId,
    pub event_type: EventType,
}
