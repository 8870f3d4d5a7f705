//! An event: what a system said happened, as it said it, and what became of it here.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::{EventId, KeyId, RunId};
use crate::time::Timestamp;

pub mod envelope;
pub mod event_type;
pub mod pattern;
pub mod read;
pub mod repair;

pub use event_type::EventType;
pub use pattern::Pattern;

/// How many characters of the payload a list shows.
const PREVIEW: usize = 160;

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
    pub headers: Arc<[(String, String)]>,
    pub replay_of: Option<EventId>,
    pub key_id: Option<KeyId>,
}

impl Event {
    /// The first characters of the payload on one line.
    pub fn preview(&self) -> String {
        let mut preview = String::with_capacity(PREVIEW + 4);
        let mut blank = false;
        for character in self.payload.chars() {
            if character.is_ascii_whitespace() {
                blank = !preview.is_empty();
                continue;
            }
            if preview.len() >= PREVIEW {
                preview.push('…');
                break;
            }
            if std::mem::take(&mut blank) {
                preview.push(' ');
            }
            preview.push(character);
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
}

impl EventRow {
    /// The row that `event` becomes when it is committed as number `seq` with `runs` runs.
    pub fn arrived(event: &Event, seq: i64, runs: usize) -> Self {
        let settled = runs == 0;
        Self {
            seq,
            id: event.id,
            event_id: event.event_id.clone(),
            event_type: event.event_type.clone(),
            source: event.source.clone(),
            subject: event.subject.clone(),
            status: if settled { EventStatus::Processed } else { EventStatus::Pending },
            received_at: event.received_at,
            occurred_at: event.occurred_at,
            processed_at: settled.then_some(event.received_at),
            payload_preview: event.preview(),
            payload_bytes: event.payload.len() as i64,
            runs_open: runs as i64,
            runs_failed: 0,
            attempts: 0,
            error: None,
            replay_of: event.replay_of,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_settles_with_its_last_run() {
        assert_eq!(EventStatus::of_runs(1, 0), EventStatus::Processing);
        assert_eq!(EventStatus::of_runs(2, 1), EventStatus::Processing);
        assert_eq!(EventStatus::of_runs(0, 1), EventStatus::Failed);
        assert_eq!(EventStatus::of_runs(0, 0), EventStatus::Processed);
    }
}
