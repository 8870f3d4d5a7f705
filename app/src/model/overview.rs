//! How a period went, as the overview shows it.

use serde::{Deserialize, Serialize};

use super::{Counts, Timestamp};

/// The periods that can be asked for, as they stand in an address, with their names.
pub const RANGES: [(&str, &str); 3] = [("1h", "1 h"), ("24h", "24 h"), ("7d", "7 d")];

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Totals {
    pub accepted: u64,
    pub processed: u64,
    pub failed: u64,
}

impl Totals {
    /// The share of settled events that were processed.
    pub fn success(&self) -> Option<f64> {
        let settled = self.processed + self.failed;
        (settled > 0).then(|| self.processed as f64 / settled as f64)
    }
}

/// Milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Latency {
    pub p50: u64,
    pub p95: u64,
    pub p99: u64,
}

/// One stretch of the period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Slot {
    pub from: Timestamp,
    pub totals: Totals,
    /// From acceptance to settlement; absent when nothing settled.
    pub latency: Option<Latency>,
}

/// An event type or a source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ssr", schema(as = OverviewLine))]
pub struct Line {
    pub name: String,
    pub totals: Totals,
    /// Accepted events along the period.
    pub course: Vec<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct WorkflowLine {
    pub id: String,
    pub name: String,
    /// Runs that ended in the period.
    pub runs: u64,
    pub failed: u64,
    /// From a run's start to its end.
    pub latency: Latency,
}

/// A period beside the one before, its course, and who took part in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// `1h`, `24h` or `7d`.
    pub range: String,
    pub from: Timestamp,
    pub now: Timestamp,
    /// How many minutes each slot of the course has.
    pub slot_minutes: u64,
    /// All events by their present status.
    pub counts: Counts,
    pub totals: Totals,
    /// Of the stretch of the same length before.
    pub before: Totals,
    pub latency: Option<Latency>,
    pub latency_before: Option<Latency>,
    pub course: Vec<Slot>,
    /// The most frequent first.
    pub event_types: Vec<Line>,
    pub sources: Vec<Line>,
    /// The slowest first.
    pub workflows: Vec<WorkflowLine>,
    /// When the oldest dead letter failed.
    pub oldest_dead_letter: Option<Timestamp>,
    /// What the database takes on its disk.
    pub database_bytes: u64,
    /// What is written and not copied into the database yet; absent on Postgres.
    pub log_bytes: Option<u64>,
    /// What the database may still take of its disk; absent on Postgres.
    pub room_bytes: Option<u64>,
    /// How much it grows in a day, at the pace of the last one and before anything is removed; absent where
    /// there is too little to go by.
    pub growth_bytes_per_day: Option<u64>,
}
