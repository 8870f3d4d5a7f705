//! When a receiver was called for which number.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hdrhistogram::Histogram;

/// Invariant: only the first call for a number counts.
#[derive(Default)]
pub struct Arrivals(Mutex<HashMap<u64, Instant>>);

impl Arrivals {
    pub fn note(&self, number: u64) {
        let now = Instant::now();
        self.all().entry(number).or_insert(now);
    }

    pub fn forget(&self) {
        self.all().clear();
    }

    pub fn has(&self, number: u64) -> bool {
        self.all().contains_key(&number)
    }

    /// How long after it was `sent`, and `wait`, each number came in, in milliseconds: p50, p99.
    pub fn delays(&self, sent: &HashMap<u64, Instant>, wait: Duration) -> Result<(f64, f64)> {
        let mut micros = Histogram::<u64>::new_with_bounds(1, 600_000_000, 3)?;
        let arrived = self.all();
        for (number, sent) in sent {
            let came = arrived.get(number).context("the receiver was not called for a number")?;
            let late = came.saturating_duration_since(*sent + wait);
            micros.saturating_record(u64::try_from(late.as_micros())?);
        }
        let at = |percent: f64| micros.value_at_percentile(percent) as f64 / 1_000.0;
        Ok((at(50.0), at(99.0)))
    }

    fn all(&self) -> MutexGuard<'_, HashMap<u64, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
