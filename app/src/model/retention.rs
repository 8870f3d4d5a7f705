//! How long events are kept.

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// A rule, and what it would remove now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = RetentionRule))]
#[serde(rename_all = "camelCase")]
pub struct RetentionView {
    /// `processed` or `failed`.
    pub status: String,
    /// Absent for every source that has no rule of its own.
    pub source: Option<String>,
    /// Such as `30d`.
    pub keep: String,
    /// Events that have been kept long enough and wait to be removed.
    pub due: u64,
    /// Of their payloads; their runs and journals come on top.
    pub due_bytes: u64,
    /// When the oldest of them was received.
    pub oldest: Option<Timestamp>,
}

/// What a rule or a limit would remove at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RetentionPlan {
    /// Always `true`: nothing was changed.
    pub dry_run: bool,
    pub events: u64,
    /// Of their payloads; their runs and journals come on top.
    pub bytes: u64,
    /// When the oldest of them was received.
    pub oldest: Option<Timestamp>,
}

/// How much is kept, and how much there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = RetentionLimit))]
#[serde(rename_all = "camelCase")]
pub struct RetentionLimitView {
    /// `processed` or `failed`.
    pub status: String,
    /// Absent for all sources together.
    pub source: Option<String>,
    /// Such as `20GiB`.
    pub max: String,
    pub max_bytes: u64,
    /// Of the payloads that there are; runs and journals come on top.
    pub bytes: u64,
    pub events: u64,
}
