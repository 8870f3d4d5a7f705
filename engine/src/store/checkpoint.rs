//! Copies SQLite's write-ahead log into the database beside the writer, which would otherwise stand
//! still for it several times a second.
//!
//! A log that is always being written never becomes empty this way, and so never starts anew. When
//! it has grown long, the writer copies the little that is left itself, between two commits. What was
//! copied before is on the disk by then, for SQLite flushes the database only at that moment and the
//! writer would wait for all of it.
//!
//! Invariant: nobody copies on, and the log does not begin anew, before what was copied is on the disk. A flush
//! that fails says nothing of what it left out, and the next one would succeed without it: all of it is written
//! once more then, from the log.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use again::{Marks, copy_again, marks};
use hold::Holder;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, QueryResult, RuntimeErr, Statement};
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc};

use super::disk::{DiskFile, Log};

mod again;
mod hold;

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
    files: Arc<Copied>,
    left: mpsc::UnboundedSender<Left>,
}

/// The files between which is copied.
pub(super) struct Copied {
    pub(super) log: Arc<Log>,
    pub(super) database: DiskFile,
}

/// What the writer has copied and not flushed. It has the turn until that is on the disk.
struct Left {
    log: Option<Marks>,
    pages: i64,
    _turn: OwnedMutexGuard<()>,
}

impl Checkpoint {
    pub(super) fn start(
        connection: DatabaseConnection,
        files: Copied,
        database: &Path,
    ) -> Result<Self, DbErr> {
        let holder = Holder::open(database).map_err(failed)?;
        let (committed, commits) = mpsc::channel(1);
        let (left, mut to_keep) = mpsc::unbounded_channel::<Left>();
        let (long, turn) = (Arc::new(AtomicBool::new(false)), Arc::<Mutex<()>>::default());
        let files = Arc::new(files);
        let copying =
            Copying { connection, holder, files: Arc::clone(&files), turn: Arc::clone(&turn) };
        tokio::spawn(copying.go_on(commits, Arc::clone(&long)));
        let kept = Arc::clone(&files);
        tokio::spawn(async move {
            while let Some(left) = to_keep.recv().await {
                kept.keep(left.log, left.pages).await;
            }
        });
        Ok(Self { committed, long, turn, files, left })
    }

    /// The turn to copy; fails where somebody has trouble with the disk.
    pub(super) async fn turn(&self) -> Result<OwnedMutexGuard<()>, DbErr> {
        let turn = tokio::time::timeout(A_WHILE, Arc::clone(&self.turn).lock_owned()).await;
        turn.map_err(|_| failed("the disk does not keep the database"))
    }

    /// To be called after each commit; says whether the writer is to copy what is left.
    pub(super) fn committed(&self) -> bool {
        let _told_already = self.committed.try_send(()).is_err();
        self.long.load(Ordering::Relaxed) && self.long.swap(false, Ordering::Relaxed)
    }

    /// Copies what is left, unless somebody else copies; that it is flushed is left to others.
    pub(super) async fn copy_rest(&self, writer: &DatabaseConnection) -> Result<(), DbErr> {
        let Ok(turn) = Arc::clone(&self.turn).try_lock_owned() else { return Ok(()) };
        loop {
            let log = self.files.marks()?;
            let pages = copy(writer).await?;
            if self.files.marks()? == log {
                self.leave(Left { log, pages: pages.copied, _turn: turn });
                return Ok(());
            }
            // A command has written to it meanwhile: so many pages may be of either log.
        }
    }

    /// Copies all of the log, flushes the database and empties the log, or fails; nobody copies before what
    /// this returns is dropped.
    pub(super) async fn empty(
        &self,
        writer: &DatabaseConnection,
    ) -> Result<OwnedMutexGuard<()>, DbErr> {
        let turn = self.turn().await?;
        loop {
            let log = self.files.marks()?;
            match try_empty(writer).await? {
                Emptied::Whole => return Ok(turn),
                Emptied::NotYet { copied } if self.files.marks()? == log => {
                    self.leave(Left { log, pages: copied, _turn: turn });
                    return Err(failed(READERS));
                }
                Emptied::NotYet { .. } => {}
            }
        }
    }

    fn leave(&self, left: Left) {
        // Fails only where everything ends.
        let _over = self.left.send(left).is_err();
    }
}

struct Copying {
    connection: DatabaseConnection,
    holder: Holder,
    files: Arc<Copied>,
    turn: Arc<Mutex<()>>,
}

impl Copying {
    async fn go_on(self, mut commits: mpsc::Receiver<()>, long: Arc<AtomicBool>) {
        while commits.recv().await.is_some() {
            tokio::time::sleep(PATIENCE).await;
            let _turn = self.turn.lock().await;
            match self.copy_and_keep().await {
                Ok(of_log) if of_log >= LONG => long.store(true, Ordering::Relaxed),
                Ok(_) => {}
                // The writer meets the same disk and says so; the log only grows meanwhile.
                Err(error) => tracing::debug!(%error, "the log could not be copied"),
            }
        }
    }

    /// Returns once what is committed by now is on the disk in the database, with the pages of the log.
    async fn copy_and_keep(&self) -> Result<i64, DbErr> {
        let _held = self.holder.hold().map_err(failed)?;
        let log = self.files.marks()?;
        let pages = copy(&self.connection).await?;
        self.files.keep(log, pages.copied).await;
        Ok(pages.of_log)
    }
}

impl Copied {
    /// What the log is told from the next one by.
    fn marks(&self) -> Result<Option<Marks>, DbErr> {
        marks(&self.log).map_err(failed)
    }

    /// Returns once the first so many pages of that log are on the disk in the database.
    async fn keep(&self, log: Option<Marks>, pages: i64) {
        let Err(error) = self.database.flush().await else { return };
        tracing::warn!(%error, "the disk does not keep the database: it is copied from the log once more");
        while let Err(error) = copy_again(self, log, pages).await {
            tracing::debug!(%error, "the log could not be copied once more");
            tokio::time::sleep(PATIENCE).await;
        }
        tracing::info!("the disk keeps the database again");
    }
}

/// Pages of the log, and how many of them are in the database.
struct Pages {
    of_log: i64,
    copied: i64,
}

/// Copies what can be copied without waiting for anyone.
async fn copy(connection: &DatabaseConnection) -> Result<Pages, DbErr> {
    let row = checkpoint(connection, "PASSIVE").await?;
    row.map_or(Ok(Pages { of_log: 0, copied: 0 }), |row| {
        Ok(Pages { of_log: row.try_get_by_index(1)?, copied: row.try_get_by_index(2)? })
    })
}

enum Emptied {
    Whole,
    /// Readers need the log; so many pages of it are in the database.
    NotYet {
        copied: i64,
    },
}

const READERS: &str = "readers kept the log from being emptied";

/// Copies all of the log, flushes the database and empties the log, or fails; for whoever is alone.
pub(super) async fn empty(connection: &DatabaseConnection) -> Result<(), DbErr> {
    match try_empty(connection).await? {
        Emptied::Whole => Ok(()),
        Emptied::NotYet { .. } => Err(failed(READERS)),
    }
}

async fn try_empty(connection: &DatabaseConnection) -> Result<Emptied, DbErr> {
    let row = checkpoint(connection, "TRUNCATE").await?;
    row.map_or(Ok(Emptied::Whole), |row| match row.try_get_by_index::<i64>(0)? {
        0 => Ok(Emptied::Whole),
        _ => Ok(Emptied::NotYet { copied: row.try_get_by_index(2)? }),
    })
}

async fn checkpoint(
    connection: &DatabaseConnection,
    how: &str,
) -> Result<Option<QueryResult>, DbErr> {
    let sql = format!("PRAGMA wal_checkpoint({how})");
    connection.query_one_raw(Statement::from_string(connection.get_database_backend(), sql)).await
}

fn failed(why: impl ToString) -> DbErr {
    DbErr::Conn(RuntimeErr::Internal(why.to_string()))
}
