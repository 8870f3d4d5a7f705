//! What the engine counts and times while it works, for monitoring.
//!
//! Invariant: nothing is counted before it is durable, and no label can take more values than are
//! written here.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// A label with values that are written in the source.
pub type Label = [(&'static str, &'static str); 1];

/// Seconds, from a fast disk's flush to a disk that is in trouble.
const OF_THE_DISK: [f64; 13] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];
/// Seconds, from a quick call to three days of retries.
const OF_WORK: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0, 3_600.0, 21_600.0, 259_200.0];

/// Since the process began; clones share everything.
#[derive(Clone)]
pub struct Meters {
    pub(crate) accepted: Counter,
    pub(crate) duplicates: Counter,
    pub(crate) runs: Family<Label, Counter>,
    pub(crate) attempts: Family<Label, Counter>,
    pub(crate) commit: Histogram,
    pub(crate) flush: Histogram,
    pub(crate) settle: Histogram,
}

impl Default for Meters {
    fn default() -> Self {
        let meters = Self {
            accepted: Counter::default(),
            duplicates: Counter::default(),
            runs: Family::default(),
            attempts: Family::default(),
            commit: Histogram::new(OF_THE_DISK),
            flush: Histogram::new(OF_THE_DISK),
            settle: Histogram::new(OF_WORK),
        };
        // A series that begins with its first increment hides that increment from `rate`.
        for outcome in ["succeeded", "failed", "cancelled"] {
            let _begun = meters.runs.get_or_create(&[("outcome", outcome)]);
        }
        for result in ["succeeded", "failed"] {
            let _begun = meters.attempts.get_or_create(&[("result", result)]);
        }
        meters
    }
}

impl Meters {
    /// Names them, each with what it counts.
    pub fn register(&self, registry: &mut Registry) {
        let Self { accepted, duplicates, runs, attempts, commit, flush, settle } = self;
        registry.register("events_accepted", "Events stored for the first time", accepted.clone());
        registry.register(
            "events_duplicate",
            "Events answered with the one that was stored before",
            duplicates.clone(),
        );
        registry.register("runs_finished", "Workflow runs that ended, by outcome", runs.clone());
        registry.register("step_attempts", "Attempts of steps, by result", attempts.clone());
        registry.register_with_unit(
            "commit",
            "Time that a transaction of the writer took",
            Unit::Seconds,
            commit.clone(),
        );
        registry.register_with_unit(
            "flush",
            "Time that the disk took to keep what was committed",
            Unit::Seconds,
            flush.clone(),
        );
        registry.register_with_unit(
            "settle",
            "Time from the acceptance of an event to the end of its runs",
            Unit::Seconds,
            settle.clone(),
        );
    }
}
