//! A line of an export.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{EventError, EventStatus, RawJson, Timestamp};

/// An event as it was sent and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ExportedEvent {
    pub id: String,
    pub event_id: String,
    pub event_type: String,
    pub source: String,
    pub subject: Option<String>,
    pub status: EventStatus,
    pub occurred_at: Option<Timestamp>,
    pub received_at: Timestamp,
    pub processed_at: Option<Timestamp>,
    /// As sent; line ends between its values are spaces.
    pub payload: RawJson,
    /// As received; values of secret headers are masked.
    pub headers: BTreeMap<String, String>,
    pub error: Option<EventError>,
    pub attempts: u32,
    pub replay_of: Option<String>,
}
