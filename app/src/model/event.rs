//! An event, as a line of a list and in full.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{History, NoteView, RawJson, RunSummary, RunView, Timestamp, WhyLine};

/// `failed` events are the dead letters: one of their runs has used up its retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum EventStatus {
    Pending,
    Processing,
    Processed,
    Failed,
}

impl EventStatus {
    pub const ALL: [Self; 4] = [Self::Pending, Self::Processing, Self::Processed, Self::Failed];

    /// The name in JSON, URLs and style sheets.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Processed => "processed",
            Self::Failed => "failed",
        }
    }

    /// The name people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Processing => "Processing",
            Self::Processed => "Processed",
            Self::Failed => "Failed",
        }
    }

    /// Whether nothing runs for it any more.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Processed | Self::Failed)
    }
}

impl fmt::Display for EventStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no status; use pending, processing, processed or failed")]
pub struct UnknownStatus(String);

impl FromStr for EventStatus {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|status| status.name() == text)
            .ok_or_else(|| UnknownStatus(text.to_owned()))
    }
}

/// The dead letter record, after EventBridge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct EventError {
    /// A stable word for machines, such as `http_status` or `timeout`.
    pub error_code: String,
    /// A sentence for people.
    pub error_message: String,
    /// Which limit ended the retries.
    pub exhausted_retry_condition: Option<String>,
    pub retry_attempts: u32,
    pub first_failed_at: Option<Timestamp>,
    pub last_failed_at: Option<Timestamp>,
    pub run_id: Option<String>,
    pub step: Option<String>,
}

/// One line of a list: everything but the headers, and a preview in place of the payload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct EventItem {
    pub id: String,
    /// The event's place in the order of commits. As a `cursor`, what is older than this event.
    pub seq: i64,
    /// The sender's own id; unique within `source`.
    pub event_id: String,
    pub event_type: String,
    pub source: String,
    pub subject: Option<String>,
    pub status: EventStatus,
    /// When it happened, as the sender said.
    pub occurred_at: Option<Timestamp>,
    pub received_at: Timestamp,
    /// When the event settled, as processed or as failed.
    pub processed_at: Option<Timestamp>,
    /// The first characters of the payload; not necessarily whole JSON.
    pub payload_preview: String,
    pub error: Option<EventError>,
    /// Step attempts made for this event, over all its runs.
    pub attempts: u32,
    pub replay_of: Option<String>,
    /// Whether somebody keeps it from being removed.
    #[serde(default)]
    pub held: bool,
    #[serde(default)]
    pub runs: Vec<RunSummary>,
}

/// All there is to know about one event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct EventDetail {
    pub id: String,
    pub event_id: String,
    pub event_type: String,
    pub source: String,
    pub subject: Option<String>,
    pub status: EventStatus,
    /// When it happened, as the sender said.
    pub occurred_at: Option<Timestamp>,
    pub received_at: Timestamp,
    pub processed_at: Option<Timestamp>,
    /// As sent, byte for byte.
    pub payload: RawJson,
    /// As received; values of secret headers are masked.
    pub headers: BTreeMap<String, String>,
    pub error: Option<EventError>,
    pub attempts: u32,
    pub replay_of: Option<String>,
    pub runs: Vec<RunView>,
    /// The group of dead letters that it belongs to, `grp_…`.
    pub error_group: Option<String>,
    /// What people noted about it, the oldest first.
    pub notes: Vec<NoteView>,
    /// Who keeps it from being removed.
    pub hold: Option<HoldView>,
}

/// Nobody may remove the event until it is released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = EventHold))]
#[serde(rename_all = "camelCase")]
pub struct HoldView {
    pub at: Timestamp,
    pub by: String,
    /// Why, where somebody said so.
    pub note: Option<String>,
}

/// How far the search index is behind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchProgress {
    /// Events that are not in it yet.
    pub behind: u64,
    /// When the last event came that is in it.
    pub indexed_to: Option<Timestamp>,
}

/// An event with what its page tells beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WholeEvent {
    pub event: EventDetail,
    pub history: History,
    /// Why each trigger did or did not match.
    pub why: Vec<WhyLine>,
    pub beside: Neighbours,
}

/// The ids of the events beside one, in the order of their commits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neighbours {
    pub newer: Option<String>,
    pub older: Option<String>,
}
