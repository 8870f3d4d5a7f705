//! Opening a database: the right settings, one server for each SQLite file, migrations under a lock.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use migrations::{Migrator, MigratorTrait};
use sea_orm::sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous,
};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, Statement,
};

use super::Store;
use super::checkpoint::{Checkpoint, Copied};
use super::clean;
use super::direct::Direct;
use super::disk::{DiskFile, Log};
use super::schema::Schema;
use super::writer::{self, Connections, Files, Writer};
use crate::live::Live;
use crate::run::worker::Inbox;
use crate::{Environment, id::NodeId};

/// Connections for lists, pages, exports and all else that reads.
const READERS: u32 = 8;
/// Connections for short look-ups that intake waits for.
const ADMITTERS: u32 = 2;

/// Which database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// `sluice.db` in this folder.
    Folder(PathBuf),
    Postgres(String),
}

/// What the process does with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Serves it: takes the lock, copies the log into the database.
    Server,
    /// A command beside the server: short transactions, no checkpoints.
    Tool,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("cannot write to the data folder {0}: {1}")]
    Folder(PathBuf, #[source] std::io::Error),
    #[error("another sluice already serves {0}: stop it, or choose another folder with --data-dir")]
    Served(PathBuf),
    #[error("cannot open the database: {0}")]
    Connect(#[source] DbErr),
    #[error(
        "the database was written by a newer sluice (it has the migration {0}): use that version or a newer one"
    )]
    Newer(String),
    #[error(
        "an older sluice serves this database, {} pending: use that version, or stop it and run `sluice migrate`",
        migrations_are(*.0)
    )]
    Outdated(usize),
    #[error(
        "{} pending: run `sluice migrate` once no older sluice uses the database",
        migrations_are(*.0)
    )]
    Pending(usize),
    #[error("the database could not be migrated: {0}")]
    Migrate(#[source] DbErr),
    #[error(
        "SQLite {0} can corrupt a database that two connections write: 3.51.3 or newer is needed"
    )]
    SqliteTooOld(String),
    #[error(
        "Postgres must run with synchronous_commit=on, or an accepted event may be lost: it is {0}"
    )]
    NotDurable(String),
}

/// For what is said of them.
pub fn migrations_are(count: usize) -> String {
    match count {
        1 => "1 migration is".to_owned(),
        count => format!("{count} migrations are"),
    }
}

pub(super) const DATABASE: &str = "sluice.db";
const LOCK: &str = "sluice.lock";

/// How long a connection is waited for, and a connection to SQLite for another that writes.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// What every connection to SQLite is told.
pub(super) const SETTINGS: [(&str, &str); 4] = [
    // See `checkpoint`; a tool beside the server never does it.
    ("wal_autocheckpoint", "0"),
    ("cache_size", "-16384"),
    ("temp_store", "memory"),
    ("journal_size_limit", "67108864"),
];

/// Why it is migrated.
#[derive(Debug, Clone, Copy)]
enum Wish {
    /// It is going to be served.
    Served,
    /// A command needs it as this version has it: not while it is served by one that may be older. Nobody knows
    /// who uses a Postgres.
    Beside,
    /// By whoever knows that nobody uses it.
    Asked,
}

/// Opens the database, migrates it, and starts its writer.
pub async fn open(
    location: &Location,
    role: Role,
    environment: &Environment,
    node: NodeId,
    live: Live,
    inbox: Inbox,
    idempotency_kept: Duration,
) -> Result<Store, OpenError> {
    let lock = match location {
        Location::Folder(folder) => lock(folder, role)?,
        Location::Postgres(_) => None,
    };
    let synchronous = match role {
        // The log is flushed after each commit instead of within it; see `disk::Log`.
        Role::Server => SqliteSynchronous::Normal,
        Role::Tool => SqliteSynchronous::Full,
    };
    if let Location::Folder(folder) = location {
        make(location, folder).await.map_err(OpenError::Connect)?;
    }
    let write = connect(location, 1, synchronous).await.map_err(OpenError::Connect)?;
    check_database(&write).await?;
    let wish = if role == Role::Server { Wish::Served } else { Wish::Beside };
    migrate(location, wish, &write, |_, _| {}).await?;
    if role == Role::Server {
        clean::at_start(&write, environment.clock.now()).await.map_err(OpenError::Connect)?;
    }
    let read = connect(location, READERS, synchronous).await.map_err(OpenError::Connect)?;
    let admit = connect(location, ADMITTERS, synchronous).await.map_err(OpenError::Connect)?;
    let files = match (location, role) {
        (Location::Folder(folder), Role::Server) => Some(open_files(location, folder).await?),
        _ => None,
    };
    let refused = |error| OpenError::Connect(writer::as_db_error(error));
    let direct = match location {
        Location::Folder(folder) => {
            let flushes = matches!(synchronous, SqliteSynchronous::Full);
            Some(Direct::open(&folder.join(DATABASE), flushes).map_err(refused)?)
        }
        Location::Postgres(_) => None,
    };
    let connections = Connections { steps: write, direct, files };
    let writer =
        Writer::start(connections, environment.clone(), node, live, inbox, idempotency_kept)
            .await
            .map_err(refused)?;
    let folder = match location {
        Location::Folder(folder) => Some(Arc::from(folder.as_path())),
        Location::Postgres(_) => None,
    };
    Ok(Store { read, admit, writer, folder, _lock: lock })
}

/// Makes a database or brings it up to date, for deployments that separate it from serving; how many migrations
/// that took.
pub async fn bring_up_to_date(
    location: &Location,
    tell: impl Fn(usize, usize),
) -> Result<usize, OpenError> {
    if let Location::Folder(folder) = location {
        lock(folder, Role::Tool)?;
        make(location, folder).await.map_err(OpenError::Connect)?;
    }
    let write = connect(location, 1, SqliteSynchronous::Full).await.map_err(OpenError::Connect)?;
    check_database(&write).await?;
    let applied = migrate(location, Wish::Asked, &write, tell).await?;
    write.close().await.map_err(OpenError::Connect)?;
    Ok(applied)
}

/// A database as it stands.
pub struct Look {
    /// Can be read from, as far as this version knows the schema; its writer refuses everything.
    pub store: Store,
    /// How many migrations it lacks.
    pub pending: usize,
    /// Whether there is nothing in it yet.
    pub is_new: bool,
}

/// Opens a database as it stands: nothing is made, migrated or written.
pub async fn look(location: &Location) -> Result<Look, OpenError> {
    let mut options = pool(location, 1);
    let folder = match location {
        Location::Folder(folder) => {
            let file = folder.join(DATABASE);
            options.map_sqlx_sqlite_opts(move |options| {
                let options = options.filename(&file).create_if_missing(false).read_only(true);
                options.busy_timeout(BUSY)
            });
            Some(Arc::from(folder.as_path()))
        }
        Location::Postgres(_) => None,
    };
    let read = Database::connect(options).await.map_err(OpenError::Connect)?;
    check_database(&read).await?;
    let schema = Schema::of(&read).await.map_err(OpenError::Connect)?;
    refuse_newer(&schema)?;
    let (pending, is_new) = (schema.pending().count(), schema.is_new());
    let admit = read.clone();
    let store = Store { read, admit, writer: Writer::closed(), folder, _lock: None };
    Ok(Look { store, pending, is_new })
}

/// Makes a database that can give space back, where there is none yet: only the first to write to it
/// decides that, see `shrink`.
async fn make(location: &Location, folder: &Path) -> Result<(), DbErr> {
    let file = folder.join(DATABASE);
    if file.metadata().is_ok_and(|file| file.len() > 0) {
        return Ok(());
    }
    let mut options = pool(location, 1);
    options.map_sqlx_sqlite_opts(move |options| {
        sqlite_options(options, &file).auto_vacuum(SqliteAutoVacuum::Incremental)
    });
    let made = Database::connect(options).await?;
    made.close().await
}

/// What the writer needs beside its connection when it alone serves the file.
async fn open_files(location: &Location, folder: &Path) -> Result<Files, OpenError> {
    let beside = connect(location, 1, SqliteSynchronous::Full).await.map_err(OpenError::Connect)?;
    let refused = |error| OpenError::Folder(folder.to_owned(), error);
    let path = folder.join(DATABASE);
    let log = Log::open(&path).map_err(refused)?;
    // Migrations may have been committed.
    log.flush().map_err(refused)?;
    let (log, database) = (Arc::new(log), DiskFile::open(&path).map_err(refused)?);
    let copied = Copied { log: Arc::clone(&log), database };
    let checkpoint = Checkpoint::start(beside, copied, &path).map_err(OpenError::Connect)?;
    Ok(Files { log, checkpoint })
}

fn lock(folder: &Path, role: Role) -> Result<Option<Arc<std::fs::File>>, OpenError> {
    let refused = |error| OpenError::Folder(folder.to_owned(), error);
    std::fs::create_dir_all(folder).map_err(refused)?;
    if role == Role::Tool {
        return Ok(None);
    }
    let file = std::fs::File::create(folder.join(LOCK)).map_err(refused)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Arc::new(file))),
        Err(std::fs::TryLockError::WouldBlock) => Err(OpenError::Served(folder.to_owned())),
        Err(std::fs::TryLockError::Error(error)) => Err(refused(error)),
    }
}

fn url(location: &Location) -> String {
    match location {
        Location::Folder(folder) => {
            format!("sqlite://{}?mode=rwc", folder.join(DATABASE).display())
        }
        Location::Postgres(url) => url.clone(),
    }
}

fn pool(location: &Location, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url(location));
    options.max_connections(connections).acquire_timeout(BUSY).sqlx_logging(false);
    options
}

async fn connect(
    location: &Location,
    connections: u32,
    synchronous: SqliteSynchronous,
) -> Result<DatabaseConnection, DbErr> {
    let mut options = pool(location, connections);
    options.min_connections(1).test_before_acquire(false);
    if let Location::Folder(folder) = location {
        // The path as a path: a URL would misread characters such as `%` or `?` in it.
        let file = folder.join(DATABASE);
        options.map_sqlx_sqlite_opts(move |options| {
            sqlite_options(options, &file).synchronous(synchronous)
        });
        // When the last connection closes, SQLite removes the log that is being flushed.
        options.max_lifetime(None).idle_timeout(None);
    }
    Database::connect(options).await
}

fn sqlite_options(options: SqliteConnectOptions, file: &Path) -> SqliteConnectOptions {
    let options = options
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(BUSY)
        .foreign_keys(false);
    SETTINGS.iter().fold(options, |options, &(name, value)| options.pragma(name, value))
}

async fn check_database(connection: &DatabaseConnection) -> Result<(), OpenError> {
    let text = async |sql: &str| {
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        let row = connection.query_one_raw(statement).await?;
        row.map_or(Ok(String::new()), |row| row.try_get_by_index::<String>(0))
    };
    match connection.get_database_backend() {
        DbBackend::Postgres => {
            let setting = text("SHOW synchronous_commit").await.map_err(OpenError::Connect)?;
            let durable = ["on", "remote_write", "remote_apply"].contains(&setting.as_str());
            if durable { Ok(()) } else { Err(OpenError::NotDurable(setting)) }
        }
        _ => {
            let version = text("SELECT sqlite_version()").await.map_err(OpenError::Connect)?;
            let numbers: Vec<u32> = version.split('.').map(|n| n.parse().unwrap_or(0)).collect();
            if numbers >= vec![3, 51, 3] { Ok(()) } else { Err(OpenError::SqliteTooOld(version)) }
        }
    }
}

/// Brings the schema up to date, one process at a time; `tell` hears how many of how many migrations are done.
async fn migrate(
    location: &Location,
    wish: Wish,
    connection: &DatabaseConnection,
    tell: impl Fn(usize, usize),
) -> Result<usize, OpenError> {
    let _guard = match location {
        Location::Folder(folder) => {
            let refused = |error| OpenError::Folder(folder.clone(), error);
            let file = std::fs::File::create(folder.join("migrate.lock")).map_err(refused)?;
            let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await;
            Some(locked.map_err(std::io::Error::other).flatten().map_err(refused)?)
        }
        Location::Postgres(_) => {
            let lock = "SELECT pg_advisory_lock(7236915)";
            connection.execute_unprepared(lock).await.map_err(OpenError::Migrate)?;
            None
        }
    };
    let migrated = apply(location, wish, connection, tell).await;
    if let Location::Postgres(_) = location {
        let unlock = "SELECT pg_advisory_unlock(7236915)";
        connection.execute_unprepared(unlock).await.map_err(OpenError::Migrate)?;
    }
    migrated
}

async fn apply(
    location: &Location,
    wish: Wish,
    connection: &DatabaseConnection,
    tell: impl Fn(usize, usize),
) -> Result<usize, OpenError> {
    let schema = Schema::of(connection).await.map_err(OpenError::Migrate)?;
    refuse_newer(&schema)?;
    let pending = schema.pending().count();
    if pending > 0 && !schema.is_new() {
        match (wish, location) {
            (Wish::Beside | Wish::Asked, Location::Folder(folder)) if is_served(folder) => {
                return Err(OpenError::Outdated(pending));
            }
            (Wish::Beside, Location::Postgres(_)) => return Err(OpenError::Pending(pending)),
            _ => {}
        }
    }
    for done in 0..pending {
        tell(done, pending);
        Migrator::up(connection, Some(1)).await.map_err(OpenError::Migrate)?;
    }
    tell(pending, pending);
    Ok(pending)
}

/// Whether a server holds the lock of a data folder.
fn is_served(folder: &Path) -> bool {
    let Ok(file) = std::fs::File::open(folder.join(LOCK)) else { return false };
    matches!(file.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock))
}

pub(super) fn refuse_newer(schema: &Schema) -> Result<(), OpenError> {
    match schema.unknown().next() {
        Some(name) => Err(OpenError::Newer(name.clone())),
        None => Ok(()),
    }
}
