//! What can be said of a database without serving it.

use std::io;
use std::path::Path;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use super::schema::Schema;
use super::{Store, StoreError};
use crate::Engine;
use crate::time::Timestamp;
use crate::time::steady::kept;

/// How many faults are listed at most.
const FAULTS: usize = 20;

#[derive(Debug, Clone)]
pub struct Health {
    /// The database and its version.
    pub version: String,
    /// What a check of the whole file found wrong (SQLite; Postgres checks itself).
    pub faults: Vec<String>,
    /// When the newest event came.
    pub newest_event: Option<Timestamp>,
}

/// Reads all of a SQLite file, which takes a while when it is large; writers are not held up.
pub async fn examine(store: &Store) -> Result<Health, StoreError> {
    let backend = store.read.get_database_backend();
    let rows = async |sql: &str| {
        let rows = store.read.query_all_raw(Statement::from_string(backend, sql)).await?;
        rows.iter().map(|row| row.try_get_by_index::<String>(0)).collect::<Result<Vec<_>, DbErr>>()
    };
    let (version, faults) = match backend {
        DbBackend::Postgres => (rows("SHOW server_version").await?, Vec::new()),
        _ => {
            let found = rows(&format!("PRAGMA quick_check({FAULTS})")).await?;
            let faults = found.into_iter().filter(|line| line != "ok").collect();
            (rows("SELECT sqlite_version()").await?, faults)
        }
    };
    let name = if backend == DbBackend::Postgres { "Postgres" } else { "SQLite" };
    let version = format!("{name} {}", version.concat());
    let newest = "SELECT received_at FROM events ORDER BY seq DESC LIMIT 1";
    let newest = store.read.query_one_raw(Statement::from_string(backend, newest)).await?;
    let newest = newest.map(|row| row.try_get_by_index::<i64>(0)).transpose()?;
    Ok(Health { version, faults, newest_event: newest.map(Timestamp::from_millis) })
}

/// Commits a row through the door that every event goes through, and waits until it is on the disk.
pub async fn prove_writing(engine: &Engine) -> Result<(), StoreError> {
    kept::keep_now(engine).await
}

/// What a database takes on its disk, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub database: u64,
    /// What is committed and not copied into the database yet (SQLite).
    pub log: Option<u64>,
}

pub async fn size(store: &Store) -> Result<Size, StoreError> {
    if let Some(folder) = &store.folder {
        let bytes = |name: &str| std::fs::metadata(folder.join(name)).map_or(0, |file| file.len());
        let (database, log) = (bytes("sluice.db"), bytes("sluice.db-wal"));
        return Ok(Size { database, log: Some(log) });
    }
    let sql = "SELECT pg_database_size(current_database())";
    let row = store.read.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    let database = row.map_or(Ok(0), |row| row.try_get_by_index::<i64>(0))?;
    Ok(Size { database: database.unsigned_abs(), log: None })
}

/// What a disk has, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// What can still be written.
    pub free: u64,
    pub total: u64,
}

/// Of the disk that `folder` lies on.
pub fn room(folder: &Path) -> io::Result<Room> {
    let space = nix::sys::statvfs::statvfs(folder).map_err(io::Error::from)?;
    let bytes = |blocks| blocks * space.fragment_size();
    Ok(Room { free: bytes(space.blocks_available()), total: bytes(space.blocks()) })
}

/// The migrations that this version knows and the database has not had, or the other way round.
pub async fn foreign_migrations(store: &Store) -> Result<Vec<String>, StoreError> {
    let schema = Schema::of(&store.read).await?;
    Ok(schema.pending().chain(schema.unknown()).cloned().collect())
}
