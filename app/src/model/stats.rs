//! The numbers beside the stream.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Counts {
    pub pending: u64,
    pub processing: u64,
    pub processed: u64,
    pub failed: u64,
}

impl Counts {
    pub fn total(&self) -> u64 {
        self.pending + self.processing + self.processed + self.failed
    }
}

/// Latencies run from acceptance to settlement, in milliseconds; absent when nothing settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    pub counts: Counts,
    pub p50: Option<f64>,
    pub p95: Option<f64>,
    pub p99: Option<f64>,
    pub events_per_second: f64,
    /// Events whose payloads are not in the search index yet.
    #[serde(default)]
    pub search_behind: u64,
    /// Deliveries that were not believed and wait.
    #[serde(default)]
    pub quarantined: u64,
    /// Alert rules that fire, muted ones too.
    #[serde(default)]
    pub alerts_firing: u64,
}
