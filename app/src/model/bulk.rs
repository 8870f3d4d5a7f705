//! One action for many events: the plan with its counts, and the operation as it comes on.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{EventStatus, Timestamp};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum BulkAction {
    /// The failed runs go on, each from the step that failed.
    Retry,
    /// The events go through again as new ones.
    Replay,
    /// They count as processed.
    Resolve,
    Delete,
}

impl BulkAction {
    pub const ALL: [Self; 4] = [Self::Retry, Self::Replay, Self::Resolve, Self::Delete];

    pub fn name(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Replay => "replay",
            Self::Resolve => "resolve",
            Self::Delete => "delete",
        }
    }

    /// What a button that does it says.
    pub fn label(self) -> &'static str {
        match self {
            Self::Retry => "Retry",
            Self::Replay => "Replay",
            Self::Resolve => "Mark processed",
            Self::Delete => "Delete",
        }
    }

    /// What has been done to the events.
    pub fn done(self) -> &'static str {
        match self {
            Self::Retry => "retried",
            Self::Replay => "replayed",
            Self::Resolve => "marked as processed",
            Self::Delete => "deleted",
        }
    }

    /// Whether a few can go first.
    pub fn has_canary(self) -> bool {
        matches!(self, Self::Retry | Self::Replay)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no action; use retry, replay, resolve or delete")]
pub struct UnknownAction(String);

impl FromStr for BulkAction {
    type Err = UnknownAction;

    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        let found = Self::ALL.into_iter().find(|action| action.name() == text);
        found.ok_or_else(|| UnknownAction(text.to_owned()))
    }
}

/// `planned → running ⇄ paused → finished | cancelled | stopped`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum BulkState {
    Planned,
    Running,
    /// Waits until the first few have settled.
    Paused,
    Finished,
    Cancelled,
    /// The first few failed again; it can be resumed.
    Stopped,
}

impl BulkState {
    pub fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Finished => "finished",
            Self::Cancelled => "cancelled",
            Self::Stopped => "stopped",
        }
    }

    /// Whether it goes on by itself.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Planned | Self::Running | Self::Paused)
    }
}

impl fmt::Display for BulkState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which events; every condition must hold, absent fields match all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct BulkFilter {
    /// Retry and resolve take those that failed, delete those that have settled, replay all.
    pub status: Option<EventStatus>,
    /// A pattern such as `order.*`.
    #[cfg_attr(feature = "ssr", schema(max_length = 255))]
    pub event_type: Option<String>,
    pub source: Option<String>,
    /// Received at this time or later.
    pub from: Option<Timestamp>,
    /// Received before this time.
    pub to: Option<Timestamp>,
    /// An event's id, its sender's id, or the beginning of one.
    pub q: Option<String>,
    /// A group of dead letters, `grp_…`.
    pub group: Option<String>,
    /// These events and no others.
    #[cfg_attr(feature = "ssr", schema(max_items = 1000))]
    pub ids: Option<Vec<String>>,
}

/// An operation and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ssr", schema(as = Bulk))]
#[serde(rename_all = "camelCase")]
pub struct BulkView {
    /// `blk_…`
    pub id: String,
    pub action: BulkAction,
    pub filter: BulkFilter,
    pub state: BulkState,
    /// Why it stopped.
    pub reason: Option<String>,
    /// Whether one goes first, then ten, then the rest.
    pub canary: bool,
    /// Kept with each event that is marked as processed.
    pub note: Option<String>,
    /// How many events there were at the plan.
    pub total: u64,
    /// `succeeded`, `failed` and `skipped` together.
    pub done: u64,
    /// For how many it was done.
    pub succeeded: u64,
    /// For how many it could not be done.
    pub failed: u64,
    /// How many had changed or gone by the time it was their turn.
    pub skipped: u64,
    /// How many of those that were retried or replayed are failed now.
    pub failed_again: u64,
    pub created_by: String,
    pub created_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}

impl BulkView {
    /// In hundredths, rounded down: all is done only at 100.
    pub fn percent(&self) -> u64 {
        match self.total {
            0 => 100,
            total => self.done.saturating_mul(100) / total,
        }
    }
}

/// What an operation would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct BulkPlan {
    /// Always `true`: nothing was changed.
    pub dry_run: bool,
    pub action: BulkAction,
    pub filter: BulkFilter,
    pub canary: bool,
    pub total: u64,
    /// The most frequent types, up to 100.
    pub by_type: Vec<TypeCount>,
    /// The largest groups of dead letters, up to 100.
    pub by_group: Vec<GroupCount>,
    /// How many more it would delete, if they were not held.
    pub held: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TypeCount {
    pub event_type: String,
    pub count: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct GroupCount {
    /// `grp_…`
    pub group: String,
    pub message: String,
    pub count: u64,
}

/// Dead letters that failed for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ssr", schema(as = DeadLetterGroup))]
#[serde(rename_all = "camelCase")]
pub struct GroupView {
    /// `grp_…`, passed as `group`, gives its dead letters.
    pub id: String,
    pub workflow: Option<String>,
    pub step: Option<String>,
    /// A stable word for machines, such as `http_status` or `timeout`.
    pub error_code: String,
    /// What the receiver answered, where it did.
    pub http_status: Option<u16>,
    /// What went wrong, with `#` for what differs from event to event.
    pub message: String,
    /// How many events are failed for this reason now.
    pub count: u64,
    /// How many ever were.
    pub seen: u64,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
}

impl GroupView {
    /// Where it went wrong: `Notify, step notify`.
    pub fn place(&self) -> String {
        match (&self.workflow, &self.step) {
            (Some(workflow), Some(step)) => format!("{workflow}, step {step}"),
            (Some(workflow), None) => workflow.clone(),
            (None, Some(step)) => format!("Step {step}"),
            (None, None) => self.error_code.clone(),
        }
    }
}

/// What someone noted about an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ssr", schema(as = EventNote))]
#[serde(rename_all = "camelCase")]
pub struct NoteView {
    pub at: Timestamp,
    pub author: String,
    pub note: String,
}
