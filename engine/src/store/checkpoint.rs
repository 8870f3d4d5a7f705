//! Copies SQLite's write-ahead log into the database beside the writer, which would otherwise stand
//! still for it several times a second.
//!
//! A log that is always being written never becomes empty this way, and so never starts anew. When
//! it has grown long, the writer copies the little that is left itself, between two commits. What was
//! copied before is on the disk by then, for SQLite flushes the database only at that moment and the
//! writer would wait for all of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, QueryResult, RuntimeErr, Statement};
use tokio::sync::mpsc;

use super::disk::DiskFile;

/// Between a commit and the copy that takes it along.
const PATIENCE: Duration = Duration::from_millis(100);
/// Pages of the log (4 KiB each) after which it is to start anew.
const LONG: i64 = 8_192;

/// The writer's end; the copying ends when it is dropped.
pub(super) struct Checkpoint {
    committed: mpsc::Sender<()>,
    long: Arc<AtomicBool>,
}

impl Checkpoint {
    pub(super) fn start(connection: DatabaseConnection, file: DiskFile) -> Self {
        let (committed, commits) = mpsc::channel(1);
        let long = Arc::new(AtomicBool::new(false));
        tokio::spawn(keep_copying(connection, file, commits, Arc::clone(&long)));
        Self { committed, long }
    }

    /// To be called after each commit; says whether the writer is to copy what is left.
    pub(super) fn committed(&self) -> bool {
        let _told_already = self.committed.try_send(()).is_err();
        self.long.load(Ordering::Relaxed) && self.long.swap(false, Ordering::Relaxed)
    }
}

async fn keep_copying(
    connection: DatabaseConnection,
    file: DiskFile,
    mut commits: mpsc::Receiver<()>,
    long: Arc<AtomicBool>,
) {
    while commits.recv().await.is_some() {
        tokio::time::sleep(PATIENCE).await;
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
            long.store(true, Ordering::Relaxed);
        }
    }
}

/// Copies what can be copied without waiting for anyone; returns the pages of the log.
pub(super) async fn copy(connection: &DatabaseConnection) -> Result<i64, DbErr> {
    let row = checkpoint(connection, "PASSIVE").await?;
    row.map_or(Ok(0), |row| row.try_get_by_index(1))
}

/// Copies all of the log, flushes the database and empties the log, or fails.
pub(super) async fn empty(connection: &DatabaseConnection) -> Result<(), DbErr> {
    let row = checkpoint(connection, "TRUNCATE").await?;
    match row.map_or(Ok(0), |row| row.try_get_by_index::<i64>(0))? {
        0 => Ok(()),
        _ => {
            Err(DbErr::Conn(RuntimeErr::Internal("readers kept the log from being emptied".into())))
        }
    }
}

async fn checkpoint(
    connection: &DatabaseConnection,
    how: &str,
) -> Result<Option<QueryResult>, DbErr> {
    let sql = format!("PRAGMA wal_checkpoint({how})");
    connection.query_one_raw(Statement::from_string(connection.get_database_backend(), sql)).await
}
