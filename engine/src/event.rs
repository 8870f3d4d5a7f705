//! An event: what a system said happened, as it said it, and what became of it here.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::{BulkId, EventId, KeyId, RunId};
use crate::time::Timestamp;

pub mod batch;
pub mod cloudevents;
pub mod compare;
pub mod envelope;
pub mod error_group;
pub mod event_type;
pub mod export;
mod filter;
pub(crate) mod header;
pub mod hold;
mod leap;
mod near;
pub mod note;
pub mod pattern;
pub mod read;
pub mod repair;
pub mod replay;
mod types;

pub use event_type::EventType;
pub use filter::EventFilter;
pub use header::Headers;
pub use pattern::Pattern;

/// How many bytes of the payload a list shows.
const PREVIEW: usize = 160;
/// How many of its bytes are read for that: white space between values takes room.
const PREVIEW_READ: usize = 1_024;

/// An event as it is being accepted: everything about it that never changes afterwards.
#[derive(Debug, Clone)]
pub struct Event {
    pub id: EventId,
    /// The sender's id; `(source, event_id)` names an event once and for all.
    pub event_id: String,
    pub event_type: EventType,
    pub source: String,
    pub subject: Option<String>,
    pub received_at: Timestamp,
    pub occurred_at: Option<Timestamp>,
    /// JSON text, byte for byte as it was sent.
    pub payload: Arc<str>,
    /// Request headers, secrets masked.
    pub headers: Headers,
    pub replay_of: Option<EventId>,
    pub key_id: Option<KeyId>,
}

impl Event {
    /// The beginning of the payload on one line.
    pub fn preview(&self) -> String {
        let start = &self.payload[..self.payload.floor_char_boundary(PREVIEW_READ)];
        let mut preview = String::with_capacity(PREVIEW + '…'.len_utf8());
        let mut cut = start.len() < self.payload.len();
        for word in start.split_ascii_whitespace() {
            let room = PREVIEW.saturating_sub(preview.len() + 1);
            if !preview.is_empty() {
                preview.push(' ');
            }
            preview.push_str(&word[..word.floor_char_boundary(room)]);
            if room < word.len() {
                cut = true;
                break;
            }
        }
        if cut {
            preview.push('…');
        }
        preview
    }
}

/// `pending → processing → processed | failed`; `failed` is the dead letter queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventStatus {
    Pending,
    Processing,
    Processed,
    Failed,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a status: use pending, processing, processed or failed")]
pub struct InvalidStatus(String);

impl EventStatus {
    pub const ALL: [Self; 4] = [Self::Pending, Self::Processing, Self::Processed, Self::Failed];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Processed => "processed",
            Self::Failed => "failed",
        }
    }

    /// The status of an event that starts so many runs.
    pub fn on_arrival(runs: usize) -> Self {
        if runs == 0 { Self::Processed } else { Self::Pending }
    }

    /// The status of an event by what is left of its runs.
    pub fn of_runs(open: i64, failed: i64) -> Self {
        match (open, failed) {
            (1.., _) => Self::Processing,
            (_, 1..) => Self::Failed,
            _ => Self::Processed,
        }
    }
}

impl fmt::Display for EventStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for EventStatus {
    type Err = InvalidStatus;

    fn from_str(text: &str) -> Result<Self, InvalidStatus> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| InvalidStatus(text.chars().take(32).collect()))
    }
}

/// Why an event is in the dead letter queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventError {
    /// A stable code, for example `http_status`.
    pub error_code: String,
    pub error_message: String,
    /// What ended the attempts, for example `attempts`.
    pub exhausted_retry_condition: Option<String>,
    pub retry_attempts: i64,
    pub first_failed_at: Timestamp,
    pub last_failed_at: Timestamp,
    pub run_id: Option<RunId>,
    /// The workflow whose run gave up.
    #[serde(default)]
    pub workflow: Option<String>,
    pub step: Option<String>,
}

/// An event as a list shows it.
#[derive(Debug, Clone)]
pub struct EventRow {
    pub seq: i64,
    pub id: EventId,
    pub event_id: String,
    pub event_type: EventType,
    pub source: String,
    pub subject: Option<String>,
    pub status: EventStatus,
    pub received_at: Timestamp,
    pub occurred_at: Option<Timestamp>,
    pub processed_at: Option<Timestamp>,
    pub payload_preview: String,
    pub payload_bytes: i64,
    pub runs_open: i64,
    pub runs_failed: i64,
    pub attempts: i64,
    pub error: Option<EventError>,
    pub replay_of: Option<EventId>,
    /// The group of failures that it belongs to; see [`error_group`].
    pub error_group: Option<String>,
    /// The operation on many events that touched it last.
    pub bulk: Option<BulkId>,
    /// Nobody may remove it; see [`hold`].
    pub held: bool,
}

impl EventRow {
    /// The row that `event` becomes when it is committed as number `seq` with `runs` runs.
    pub fn arrived(event: &Event, preview: &str, seq: i64, runs: usize) -> Self {
        let status = EventStatus::on_arrival(runs);
        let settled = status == EventStatus::Processed;
        Self {
            seq,
            id: event.id,
            event_id: event.event_id.clone(),
            event_type: event.event_type.clone(),
            source: event.source.clone(),
            subject: event.subject.clone(),
            status,
            received_at: event.received_at,
            occurred_at: event.occurred_at,
            processed_at: settled.then_some(event.received_at),
            payload_preview: preview.to_owned(),
            payload_bytes: event.payload.len() as i64,
            runs_open: runs as i64,
            runs_failed: 0,
            attempts: 0,
            error: None,
            replay_of: event.replay_of,
            error_group: None,
            bulk: None,
            held: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_is_one_short_line() {
        let preview = |payload: &str| {
            let event = Event {
                id: EventId::new(1),
                event_id: "1".into(),
                event_type: EventType::parse("a").unwrap(),
                source: "s".into(),
                subject: None,
                received_at: Timestamp::from_millis(0),
                occurred_at: None,
                payload: payload.into(),
                headers: Headers::default(),
                replay_of: None,
                key_id: None,
            };
            event.preview()
        };
        assert_eq!(preview("{\n  \"a\": 1\n}"), r#"{ "a": 1 }"#);
        assert_eq!(preview("null"), "null");
        let long = preview(&"é".repeat(500));
        assert!(long.ends_with("é…") && long.len() <= PREVIEW + 3, "{long}");
        assert!(preview(&format!("[1,{} 2]", " ".repeat(5_000))).ends_with('…'));
    }

    #[test]
    fn an_event_settles_with_its_last_run() {
        assert_eq!(EventStatus::of_runs(1, 0), EventStatus::Processing);
        assert_eq!(EventStatus::of_runs(2, 1), EventStatus::Processing);
        assert_eq!(EventStatus::of_runs(0, 1), EventStatus::Failed);
        assert_eq!(EventStatus::of_runs(0, 0), EventStatus::Processed);
    }
}
