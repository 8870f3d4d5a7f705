//! Event types: how many events, how they went, what their payloads look like.

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// An event type with its figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = EventTypeLine))]
#[serde(rename_all = "camelCase")]
pub struct TypeView {
    pub event_type: String,
    /// Events of the last 24 hours.
    pub accepted: u64,
    pub processed: u64,
    pub failed: u64,
    /// Of those that settled within 24 hours, the share that failed, from 0 to 1.
    pub failure_rate: Option<f64>,
    /// Milliseconds from acceptance to settling, events with runs, last 24 hours.
    pub p50: Option<u64>,
    pub p95: Option<u64>,
    /// Of a payload, over all events that were looked at.
    pub average_bytes: u64,
    pub largest_bytes: u64,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    /// How often the shape of its payloads changed within 7 days.
    pub drifts: u64,
}

/// A place in the payloads of a type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = PayloadField))]
#[serde(rename_all = "camelCase")]
pub struct FieldView {
    /// `$` is the payload itself; `*` stands for names that are data, `[]` for the items of an array.
    pub path: String,
    /// Such as `number or string`.
    pub kinds: String,
    /// In what share of the payloads where it could be it is, from 0 to 1.
    pub share: f64,
}

/// A change of what the payloads look like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = SchemaChange))]
#[serde(rename_all = "camelCase")]
pub struct DriftView {
    pub at: Timestamp,
    pub path: String,
    /// `appeared`, `changed` or `disappeared`.
    pub turn: String,
    /// The kinds before, and after.
    pub was: Option<String>,
    pub became: Option<String>,
    /// The event that brought it; it may have been removed since.
    pub event_id: String,
}

/// An event type whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = EventTypeDetail))]
#[serde(rename_all = "camelCase")]
pub struct TypeDetailView {
    #[serde(flatten)]
    pub line: TypeView,
    /// How many events the shape was learnt from.
    pub events: u64,
    pub fields: Vec<FieldView>,
    /// Whether there are more fields than are kept.
    pub full: bool,
    /// The newest 50, newest first.
    pub changes: Vec<DriftView>,
}
