//! Who waits for the disk: the desk, while the writer goes on with the next transaction.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use prometheus_client::metrics::histogram::Histogram;

use super::StoreError;
use crate::store::disk::{Generation, Log};

pub(super) struct Flusher {
    /// `None` where the database flushes itself.
    log: Option<Arc<Log>>,
    took: Histogram,
    /// Whether the last flush failed.
    down: AtomicBool,
}

impl Flusher {
    pub(super) fn new(log: Option<Arc<Log>>, took: Histogram) -> Self {
        Self { log, took, down: AtomicBool::new(false) }
    }

    /// What was committed before is on the disk when this returns; the thread stands still for it.
    pub(super) fn flush(&self) -> io::Result<()> {
        let Some(log) = &self.log else { return Ok(()) };
        let begun = Instant::now();
        let flushed = log.flush();
        if flushed.is_ok() {
            self.took.observe(begun.elapsed().as_secs_f64());
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
