//! Copies SQLite's write-ahead log into the database beside the writer, which would otherwise stand
//! still for it several times a second.
//!
//! A log that is always being written never becomes empty this way, and so never starts anew. When
//! it has grown long, the writer copies the little that is left itself, between two commits. What was
//! copied before is on the disk by then, for SQLite flushes the database only at that moment and the
//! writer would wait for all of it.

use std::fs::File;
use std::io;
use std::mem::ManuallyDrop;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement};
use tokio::sync::Notify;

/// Between two copies while there is something to copy.
const EVERY: Duration = Duration::from_millis(100);
/// Pages of the log (4 KiB each) after which it is to start anew.
const LONG: i64 = 8_192;

/// What the writer and the copying share.
#[derive(Clone, Default)]
pub(super) struct Checkpoint(Arc<Signals>);

#[derive(Default)]
struct Signals {
    committed: Notify,
    long: AtomicBool,
}

impl Checkpoint {
    /// To be called after each commit; says whether the writer is to copy what is left.
    pub(super) fn committed(&self) -> bool {
        self.0.committed.notify_one();
        self.0.long.load(Ordering::Relaxed) && self.0.long.swap(false, Ordering::Relaxed)
    }

    /// Copies until the writer, which holds the other handle, is gone.
    pub(super) async fn keep_copying(self, connection: DatabaseConnection, file: DatabaseFile) {
        loop {
            if tokio::time::timeout(EVERY, self.0.committed.notified()).await.is_err()
                && Arc::strong_count(&self.0) == 1
            {
                return;
            }
            tokio::time::sleep(EVERY).await;
            // The writer meets the same disk and says so; the log only grows meanwhile.
            let pages = match copy(&connection).await {
                Ok(pages) => pages,
                Err(error) => {
                    tracing::debug!(%error, "the log could not be copied");
                    continue;
                }
            };
            if let Err(error) = file.flush().await {
                tracing::debug!(%error, "the database could not be flushed");
            } else if pages >= LONG {
                self.0.long.store(true, Ordering::Relaxed);
            }
        }
    }
}

/// The database's file, to be flushed beside SQLite.
///
/// It is never closed: by POSIX the process would lose the locks that SQLite holds on it.
#[derive(Clone)]
pub(super) struct DatabaseFile(Arc<ManuallyDrop<File>>);

impl DatabaseFile {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        File::open(path).map(|file| Self(Arc::new(ManuallyDrop::new(file))))
    }

    async fn flush(&self) -> io::Result<()> {
        let file = self.clone();
        let flushed = tokio::task::spawn_blocking(move || file.0.sync_data());
        flushed.await.map_err(io::Error::other).flatten()
    }
}

/// Copies what can be copied without waiting for anyone; returns the pages of the log.
pub(super) async fn copy(connection: &DatabaseConnection) -> Result<i64, DbErr> {
    let sql = "PRAGMA wal_checkpoint(PASSIVE)";
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let row = connection.query_one_raw(statement).await?;
    row.map_or(Ok(0), |row| row.try_get_by_index(1))
}
