//! How fast a database is copied: where somebody writes to it meanwhile, most of the disk and of the processor
//! is theirs.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use sea_orm::sqlx::{self, SqliteConnection};

/// So many steps of SQLite lie between two looks; they take it about a millisecond.
const STEPS: i32 = 2_000;
/// How many times as long as it has worked a copy rests.
const REST: u32 = 6;
const LONGEST: Duration = Duration::from_millis(100);
/// What is written goes to the disk in pieces of this size: all of it at once would hold up everybody's
/// flushes.
const PIECE: u64 = 4 * 1024 * 1024;

pub(super) struct Pace {
    copy: File,
    /// How much of it is on the disk.
    flushed: u64,
    log: PathBuf,
    /// When the log had been written to last.
    written: Option<SystemTime>,
    since: Instant,
}

/// What the disk answered, where it failed.
#[derive(Clone, Default)]
pub(super) struct Fault(Arc<Mutex<Option<io::Error>>>);

impl Fault {
    pub(super) fn take(&self) -> Option<io::Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Pace {
    /// `log` is that of the database which is copied; it need not be there.
    pub(super) fn new(copy: File, log: PathBuf) -> Self {
        let written = last_written(&log);
        Self { copy, flushed: 0, log, written, since: Instant::now() }
    }

    /// Keeps whatever the connection does from now on to this pace. Where the disk does not take the copy, it is
    /// ended; what is returned then says why.
    pub(super) async fn set(mut self, connection: &mut SqliteConnection) -> sqlx::Result<Fault> {
        let fault = Fault::default();
        let told = fault.clone();
        let keep = move || match self.keep() {
            Ok(()) => true,
            Err(error) => {
                *told.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                false
            }
        };
        connection.lock_handle().await?.set_progress_handler(STEPS, keep);
        Ok(fault)
    }

    fn keep(&mut self) -> io::Result<()> {
        let written = last_written(&self.log);
        if self.written == written {
            self.since = Instant::now();
            return Ok(());
        }
        self.written = written;
        let size = self.copy.metadata()?.len();
        if size.saturating_sub(self.flushed) >= PIECE {
            self.copy.sync_data()?;
            self.flushed = size;
        }
        std::thread::sleep((self.since.elapsed() * REST).min(LONGEST));
        self.since = Instant::now();
        Ok(())
    }
}

fn last_written(log: &PathBuf) -> Option<SystemTime> {
    fs::metadata(log).and_then(|log| log.modified()).ok()
}
