//! Copies SQLite's write-ahead log into the database beside the writer, which would otherwise stand
//! still for it several times a second.
//!
//! A log that is always being written never becomes empty this way, and so never starts anew. When
//! it has grown long, the writer copies the little that is left itself, between two commits. What was
//! copied before is on the disk by then, for SQLite flushes the database only at that moment and the
//! writer would wait for all of it.
//!
//! Invariant: nobody copies on before what was copied is on the disk. A flush that fails says nothing of what it
//! left out, and the next one would succeed without it: all of it is written once more then, from the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use again::copy_again;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, QueryResult, RuntimeErr, Statement};
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc};

use super::disk::{DiskFile, Log};

mod again;

/// How long somebody waits who wants to copy himself.
const A_WHILE: Duration = Duration::from_secs(1);
/// Between a commit and the copy that takes it along.
const PATIENCE: Duration = Duration::from_millis(100);
/// Pages of the log (4 KiB each) after which it is to start anew.
const LONG: i64 = 8_192;

/// The writer's end; the copying ends when it is dropped.
pub(super) struct Checkpoint {
    committed: mpsc::Sender<()>,
    long: Arc<AtomicBool>,
    /// Held by whoever copies.
    turn: Arc<Mutex<()>>,
}

/// The files between which is copied.
pub(super) struct Copied {
    pub(super) log: Arc<Log>,
    pub(super) database: DiskFile,
}

impl Checkpoint {
    pub(super) fn start(connection: DatabaseConnection, files: Copied) -> Self {
        let (committed, commits) = mpsc::channel(1);
        let (long, turn) = (Arc::new(AtomicBool::new(false)), Arc::<Mutex<()>>::default());
        let copying = Copying { connection, files, turn: Arc::clone(&turn) };
        tokio::spawn(copying.go_on(commits, Arc::clone(&long)));
        Self { committed, long, turn }
    }

    /// The turn to copy, unless somebody has it.
    pub(super) fn turn_at_once(&self) -> Option<OwnedMutexGuard<()>> {
        Arc::clone(&self.turn).try_lock_owned().ok()
    }

    /// The turn to copy; fails where somebody has trouble with the disk.
    pub(super) async fn turn(&self) -> Result<OwnedMutexGuard<()>, DbErr> {
        let turn = tokio::time::timeout(A_WHILE, Arc::clone(&self.turn).lock_owned()).await;
        let slow = "the disk does not keep the database";
        turn.map_err(|_| DbErr::Conn(RuntimeErr::Internal(slow.into())))
    }

    /// To be called after each commit; says whether the writer is to copy what is left.
    pub(super) fn committed(&self) -> bool {
        let _told_already = self.committed.try_send(()).is_err();
        self.long.load(Ordering::Relaxed) && self.long.swap(false, Ordering::Relaxed)
    }
}

struct Copying {
    connection: DatabaseConnection,
    files: Copied,
    turn: Arc<Mutex<()>>,
}

impl Copying {
    async fn go_on(self, mut commits: mpsc::Receiver<()>, long: Arc<AtomicBool>) {
        while commits.recv().await.is_some() {
            tokio::time::sleep(PATIENCE).await;
            let _turn = self.turn.lock().await;
            // The writer meets the same disk and says so; the log only grows meanwhile.
            let pages = match copy(&self.connection).await {
                Ok(pages) => pages,
                Err(error) => {
                    tracing::debug!(%error, "the log could not be copied");
                    continue;
                }
            };
            self.keep(pages.copied).await;
            if pages.of_log >= LONG {
                long.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Returns once the first so many pages of the log are on the disk in the database.
    async fn keep(&self, pages: i64) {
        let Err(error) = self.files.database.flush().await else { return };
        tracing::warn!(%error, "the disk does not keep the database: it is copied from the log once more");
        while let Err(error) = copy_again(&self.files, pages).await {
            tracing::debug!(%error, "the log could not be copied once more");
            tokio::time::sleep(PATIENCE).await;
        }
        tracing::info!("the disk keeps the database again");
    }
}

/// Pages of the log, and how many of them are in the database.
pub(super) struct Pages {
    pub(super) of_log: i64,
    pub(super) copied: i64,
}

/// Copies what can be copied without waiting for anyone.
pub(super) async fn copy(connection: &DatabaseConnection) -> Result<Pages, DbErr> {
    let row = checkpoint(connection, "PASSIVE").await?;
    row.map_or(Ok(Pages { of_log: 0, copied: 0 }), |row| {
        Ok(Pages { of_log: row.try_get_by_index(1)?, copied: row.try_get_by_index(2)? })
    })
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
