//! Where everything is kept: SQLite or Postgres behind one door for writes and a pool for reads.
//!
//! Invariant: outside this module and the reads beside each resource, nothing knows SQL.

use std::path::Path;
use std::sync::Arc;

use sea_orm::{DatabaseConnection, DbBackend, DbErr, RuntimeErr};

pub mod backup;
mod batch;
mod checkpoint;
mod clean;
mod direct;
mod disk;
pub mod entity;
pub mod health;
mod jsonb;
mod latency;
pub mod open;
mod schema;
mod shrink;
mod statements;
mod writer;

pub(crate) use clean::Cleaned;
pub use latency::quantiles;
pub use open::{Location, Look, OpenError, Role};
pub use shrink::Space;
pub use writer::{
    Accepted, Arrival, BulkDeed, BulkStep, Change, Claimed, ErasureDeed, ErasureStep, Idempotency,
    NewRun, Progress, Writer,
};

/// An open database.
#[derive(Clone)]
pub struct Store {
    pub(crate) read: DatabaseConnection,
    /// For what intake has to know of a sender: long reads elsewhere keep nobody from sending.
    pub(crate) admit: DatabaseConnection,
    pub writer: Writer,
    /// Where a SQLite database lies.
    pub folder: Option<Arc<Path>>,
    /// Held while this process serves a SQLite database: two servers on one file would both lead.
    _lock: Option<Arc<std::fs::File>>,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk is full, the database read-only or away: nothing was stored, try again.
    #[error("the database cannot store anything right now: {0}")]
    Unavailable(#[source] DbErr),
    /// More writes are waiting than the writer can take: nothing was stored, try again.
    #[error("too many writes are waiting")]
    Busy,
    /// The idempotency key came before, with another body.
    #[error("this idempotency key was used for another body")]
    KeyReused,
    /// Somebody else changed it first.
    #[error("it has been changed meanwhile")]
    Conflict,
    /// Postgres keeps no text with a NUL in it, nor looks for one: nothing can be called that.
    #[error("a text with a NUL character is neither kept nor found here")]
    Nul,
    #[error("the database answered: {0}")]
    Database(#[source] DbErr),
    /// The same failure, told to several who waited for it.
    #[error("{0}")]
    Shared(Arc<StoreError>),
    /// Nothing was stored; the log says where.
    #[error("a defect in Sluice kept this from being stored")]
    Defect,
    #[error("the writer could not be started: {0}")]
    Start(#[from] std::io::Error),
    #[error("the store has been closed")]
    Closed,
}

impl Store {
    /// Whether other nodes may work with it. A SQLite database is this process's alone.
    pub(crate) fn is_shared(&self) -> bool {
        self.read.get_database_backend() == DbBackend::Postgres
    }
}

impl StoreError {
    pub(crate) fn shared(error: &Arc<Self>) -> Self {
        Self::Shared(Arc::clone(error))
    }

    /// What was written did not reach the disk.
    pub(crate) fn from_flush(error: impl std::fmt::Display) -> Self {
        Self::Unavailable(DbErr::Conn(RuntimeErr::Internal(format!("flushing failed: {error}"))))
    }

    /// Whether trying again later can help.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::Busy | Self::Closed => true,
            Self::Shared(error) => error.is_unavailable(),
            Self::Conflict
            | Self::KeyReused
            | Self::Nul
            | Self::Database(_)
            | Self::Defect
            | Self::Start(_) => false,
        }
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match code(&error).as_deref() {
            Some(code) if POSTGRES_NUL.contains(&code) => Self::Nul,
            _ if is_unavailable(&error) => Self::Unavailable(error),
            _ => Self::Database(error),
        }
    }
}

/// `character_not_in_repertoire`, and the same inside JSON. Texts are valid UTF-8 here, which leaves
/// NUL alone.
const POSTGRES_NUL: [&str; 2] = ["22021", "22P05"];

/// What the database calls the failure, if it was the database that failed.
fn code(error: &DbErr) -> Option<String> {
    let (DbErr::Conn(RuntimeErr::SqlxError(error))
    | DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return None;
    };
    Some(error.as_database_error()?.code()?.into_owned())
}

/// SQLite's primary result codes for a database that cannot be written now: busy, locked, read-only,
/// interrupted, I/O error, full, cannot open.
const SQLITE_AWAY: [i32; 7] = [5, 6, 8, 9, 10, 13, 14];

/// By its result code, extended or not.
fn is_sqlite_away(code: i32) -> bool {
    SQLITE_AWAY.contains(&(code & 0xff))
}

fn is_unavailable(error: &DbErr) -> bool {
    let inner = match error {
        DbErr::Conn(inner) | DbErr::Exec(inner) | DbErr::Query(inner) => inner,
        DbErr::ConnectionAcquire(_) => return true,
        _ => return false,
    };
    let RuntimeErr::SqlxError(error) = inner else { return false };
    match error.as_database_error() {
        Some(database) => {
            let code = database.code().unwrap_or_default();
            let sqlite = code.parse().is_ok_and(is_sqlite_away);
            // Postgres: connection failures, insufficient resources, operator intervention.
            let postgres =
                code.len() == 5 && ["08", "53", "57"].iter().any(|class| code.starts_with(class));
            if code.len() == 5 { postgres } else { sqlite }
        }
        None => true,
    }
}
