//! Who waits for the disk. Where it is quick the writer does, for to wake the desk would cost more; else
//! the desk does, while the writer goes on with the next transaction.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use prometheus_client::metrics::histogram::Histogram;

use super::StoreError;
use crate::store::disk::{Generation, Log};

/// Up to this the writer waits itself.
const QUICK: Duration = Duration::from_micros(500);

pub(super) struct Flusher {
    /// `None` where the database flushes itself.
    log: Option<Arc<Log>>,
    took: Histogram,
    /// How long flushes took lately, in microseconds.
    usual: AtomicU64,
    /// Whether the last flush failed.
    down: AtomicBool,
}

impl Flusher {
    pub(super) fn new(log: Option<Arc<Log>>, took: Histogram) -> Self {
        Self { log, took, usual: AtomicU64::new(0), down: AtomicBool::new(false) }
    }

    /// What was committed before is on the disk when this returns; the thread stands still for it.
    pub(super) fn flush(&self) -> io::Result<()> {
        let Some(log) = &self.log else { return Ok(()) };
        let begun = Instant::now();
        let flushed = log.flush();
        let took = begun.elapsed();
        let usual = self.usual.load(Ordering::Relaxed);
        let took_micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.usual.store((usual * 7).saturating_add(took_micros) / 8, Ordering::Relaxed);
        if flushed.is_ok() {
            self.took.observe(took.as_secs_f64());
        }
        match (&flushed, self.down.swap(flushed.is_err(), Ordering::Relaxed)) {
            (Err(error), false) => tracing::error!(
                %error, "the disk does not keep what is written: it is written again before anything else"
            ),
            (Ok(()), true) => tracing::info!("the disk keeps what is written again"),
            _ => {}
        }
        flushed
    }

    /// The same where the disk is quick, with what came of it for a commit of that generation.
    pub(super) fn flush_if_quick(
        &self,
        generation: Option<Generation>,
    ) -> Option<Result<(), StoreError>> {
        let is_quick = u128::from(self.usual.load(Ordering::Relaxed)) < QUICK.as_micros();
        is_quick.then(|| self.outcome(&self.flush(), generation))
    }

    /// Whether what was committed in that generation is durable after a flush that ended like this.
    pub(super) fn outcome(
        &self,
        flushed: &io::Result<()>,
        generation: Option<Generation>,
    ) -> Result<(), StoreError> {
        match (&self.log, generation, flushed) {
            (Some(_), Some(_), Err(error)) => Err(StoreError::from_flush(error)),
            (Some(log), Some(generation), Ok(())) if !log.holds(generation) => {
                Err(StoreError::from_flush("an earlier flush failed"))
            }
            _ => Ok(()),
        }
    }
}
