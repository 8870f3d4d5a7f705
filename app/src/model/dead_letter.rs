//! A failed event, as the dead letter list shows it.

use serde::{Deserialize, Serialize};

use super::{EventError, Timestamp, WorkflowRef};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    /// The event's id.
    pub id: String,
    pub event_id: String,
    pub event_type: String,
    pub source: String,
    pub subject: Option<String>,
    pub received_at: Timestamp,
    pub failed_at: Timestamp,
    pub attempts: u32,
    pub error: EventError,
    pub payload_preview: String,
    /// The workflow whose run gave up.
    pub workflow: Option<WorkflowRef>,
}
