//! Copies of a SQLite database: made while it is served, checked, and put back.
//!
//! Invariant: a file that stands under the name asked for is whole, checked and on the disk; until
//! then it has another name.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteAutoVacuum, SqliteJournalMode};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, RuntimeErr,
    Statement, sqlx,
};

use super::Store;
use super::open::{DATABASE, OpenError, refuse_newer};
use super::schema::Schema;
use crate::time::Timestamp;

mod pace;

use pace::Pace;

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("the database is Postgres: back it up with pg_dump, and keep the secret key beside it")]
    Postgres,
    #[error("there is no database in {0}: is this the data folder?")]
    Nothing(PathBuf),
    #[error("{0} exists and is not overwritten: choose another name, or move it away")]
    Exists(PathBuf),
    #[error("{0}: {1}")]
    File(PathBuf, #[source] io::Error),
    #[error("{0} is damaged: {1}")]
    Damaged(PathBuf, String),
    #[error("{0} is not a database of Sluice")]
    Foreign(PathBuf),
    #[error(transparent)]
    Newer(OpenError),
    #[error("the database answered: {0}")]
    Database(#[from] DbErr),
}

/// What a copy holds.
#[derive(Debug, Clone)]
pub struct Contents {
    pub bytes: u64,
    pub events: i64,
    /// When the newest event came.
    pub newest_event: Option<Timestamp>,
}

/// Whether a data folder has a database.
pub fn has_database(folder: &Path) -> bool {
    database(folder).exists()
}

/// Where a copy is written before it has its name.
pub fn unfinished(file: &Path) -> PathBuf {
    beside(file, "unfinished")
}

/// Where a backup is put in a data folder.
pub fn database(folder: &Path) -> PathBuf {
    folder.join(DATABASE)
}

/// Copies what is committed at this moment to `file`, which must not exist. Nobody waits for it: it
/// reads as any reader does, and rests while others write, though the log grows until it is done.
pub async fn backup(store: &Store, file: &Path) -> Result<Contents, BackupError> {
    let Some(folder) = &store.folder else { return Err(BackupError::Postgres) };
    let log = beside(&database(folder), "wal");
    refuse_existing(file)?;
    let unfinished = unfinished(file);
    remove(&unfinished)?;
    // Made here, for its owner alone; SQLite writes into an empty file.
    private(&unfinished)?;
    let made = async {
        let into = unfinished.to_str().ok_or_else(|| not_text(&unfinished))?.to_owned();
        copy(store, &unfinished, log.clone(), into).await?;
        let contents = check(&unfinished, Some(log)).await?;
        flush(&unfinished)?;
        name(&unfinished, file)?;
        Ok(contents)
    };
    let made = made.await;
    // What is left of an attempt that failed is of no use.
    let removed = remove(&unfinished);
    made.and_then(|contents| removed.map(|()| contents))
}

/// Copies the database to the file `into`, which is there and empty.
async fn copy(store: &Store, file: &Path, log: PathBuf, into: String) -> Result<(), BackupError> {
    let mut connection = store.read.get_sqlite_connection_pool().acquire().await.map_err(told)?;
    let fault = Pace::new(open_file(file)?, log).set(&mut connection).await.map_err(told)?;
    let copied = sqlx::query("VACUUM INTO $1").bind(into).execute(&mut *connection).await;
    match fault.take() {
        Some(error) => Err(BackupError::File(file.to_owned(), error)),
        None => Ok(copied.map(drop).map_err(told)?),
    }
}

fn told(error: sqlx::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::Internal(error.to_string()))
}

fn open_file(file: &Path) -> Result<File, BackupError> {
    File::open(file).map_err(|error| BackupError::File(file.to_owned(), error))
}

/// Puts a backup into an empty data folder, once it has proved whole.
pub async fn restore(file: &Path, folder: &Path) -> Result<Contents, BackupError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error| BackupError::File(path, error)
    };
    let database = database(folder);
    fs::create_dir_all(folder).map_err(at(folder))?;
    for there in [database.clone(), beside(&database, "wal")] {
        refuse_existing(&there)?;
    }
    let unfinished = unfinished(&database);
    remove(&unfinished)?;
    private(&unfinished)?;
    let put = async {
        fs::copy(file, &unfinished).map_err(at(file))?;
        let contents = check(&unfinished, None).await.map_err(|error| match error {
            BackupError::Damaged(_, fault) => BackupError::Damaged(file.to_owned(), fault),
            BackupError::Foreign(_) => BackupError::Foreign(file.to_owned()),
            other => other,
        })?;
        let contents = Contents { bytes: give_back(&unfinished).await?, ..contents };
        flush(&unfinished)?;
        name(&unfinished, &database)?;
        Ok(contents)
    };
    let put = put.await;
    let removed = remove(&unfinished);
    put.and_then(|contents| removed.map(|()| contents))
}

/// Copies a file that only its owner may read, such as the secret key; the copy must not exist.
pub fn copy_private(from: &Path, to: &Path) -> Result<(), BackupError> {
    refuse_existing(to)?;
    let bytes = fs::read(from).map_err(|error| BackupError::File(from.to_owned(), error))?;
    let at = |error| BackupError::File(to.to_owned(), error);
    if let Some(folder) = to.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(at)?;
    }
    private(to)?;
    fs::write(to, bytes).map_err(at)?;
    flush(to)
}

/// Writes a copy once more that keeps no account of its free pages, see `shrink`; its size.
async fn give_back(file: &Path) -> Result<u64, BackupError> {
    let path = file.to_owned();
    let mut options = ConnectOptions::new("sqlite://copy.db");
    options.max_connections(1).acquire_timeout(Duration::from_secs(5)).sqlx_logging(false);
    options.map_sqlx_sqlite_opts(move |options| {
        let options = options.filename(&path).journal_mode(SqliteJournalMode::Off);
        options.create_if_missing(false).auto_vacuum(SqliteAutoVacuum::Incremental)
    });
    let connection = Database::connect(options).await?;
    let asked = Statement::from_string(DbBackend::Sqlite, "PRAGMA auto_vacuum");
    let keeps = connection.query_one_raw(asked).await?;
    if keeps.map_or(Ok(0), |row| row.try_get_by_index::<i64>(0))? != 2 {
        connection.execute_unprepared("VACUUM").await?;
    }
    connection.close().await?;
    let size = fs::metadata(file).map_err(|error| BackupError::File(file.to_owned(), error))?;
    Ok(size.len())
}

/// Reads all of a copy and says what is in it; `log` is that of the database, if it is served meanwhile.
async fn check(file: &Path, log: Option<PathBuf>) -> Result<Contents, BackupError> {
    // A file that is not a database at all fails here.
    let damaged = |error: DbErr| BackupError::Damaged(file.to_owned(), error.to_string());
    let connection = open(file).await.map_err(damaged)?;
    if let Some(log) = log {
        let mut only = connection.get_sqlite_connection_pool().acquire().await.map_err(told)?;
        // Nothing is written any more that the disk could fail to take.
        let _none = Pace::new(open_file(file)?, log).set(&mut only).await.map_err(told)?;
    }
    let contents = contents(&connection, file).await;
    connection.close().await?;
    contents
}

async fn contents(connection: &DatabaseConnection, file: &Path) -> Result<Contents, BackupError> {
    let statement = |sql: &str| Statement::from_string(DbBackend::Sqlite, sql);
    let damaged = |fault: String| BackupError::Damaged(file.to_owned(), fault);
    let faults = connection.query_all_raw(statement("PRAGMA integrity_check(5)")).await;
    let faults = faults.map_err(|error| damaged(error.to_string()))?;
    let faults = faults.iter().map(|row| row.try_get_by_index::<String>(0));
    if let Some(fault) = faults.collect::<Result<Vec<_>, _>>()?.into_iter().find(|f| f != "ok") {
        return Err(damaged(fault));
    }
    let ours = "SELECT COUNT(*) FROM sqlite_schema WHERE name IN ('events', 'seaql_migrations')";
    let number = async |sql: &str| {
        let row = connection.query_one_raw(statement(sql)).await?;
        row.map_or(Ok(None), |row| row.try_get_by_index::<Option<i64>>(0))
    };
    if number(ours).await? != Some(2) {
        return Err(BackupError::Foreign(file.to_owned()));
    }
    refuse_newer(&Schema::of(connection).await?).map_err(BackupError::Newer)?;
    let newest = "SELECT received_at FROM events ORDER BY seq DESC LIMIT 1";
    let bytes = fs::metadata(file).map_err(|error| BackupError::File(file.to_owned(), error))?;
    Ok(Contents {
        bytes: bytes.len(),
        events: number("SELECT SUM(count) FROM status_counts").await?.unwrap_or(0),
        newest_event: number(newest).await?.map(Timestamp::from_millis),
    })
}

/// Read only, and without a log: nothing is left beside it.
async fn open(file: &Path) -> Result<DatabaseConnection, DbErr> {
    let path = file.to_owned();
    let mut options = ConnectOptions::new("sqlite://copy.db");
    options.max_connections(1).acquire_timeout(Duration::from_secs(5)).sqlx_logging(false);
    options.map_sqlx_sqlite_opts(move |options| {
        // The path as a path: a URL would misread characters such as `%` or `?` in it.
        options
            .filename(&path)
            .journal_mode(SqliteJournalMode::Off)
            .create_if_missing(false)
            .read_only(true)
            .immutable(true)
    });
    Database::connect(options).await
}

fn refuse_existing(file: &Path) -> Result<(), BackupError> {
    match file.symlink_metadata() {
        Ok(_) => Err(BackupError::Exists(file.to_owned())),
        Err(_) => Ok(()),
    }
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push("-");
    name.push(ending);
    PathBuf::from(name)
}

fn not_text(file: &Path) -> BackupError {
    let error = io::Error::new(io::ErrorKind::InvalidFilename, "the name is not UTF-8");
    BackupError::File(file.to_owned(), error)
}

/// Makes an empty file that only its owner may read.
fn private(file: &Path) -> Result<(), BackupError> {
    use std::os::unix::fs::OpenOptionsExt;
    let made = File::options().write(true).create_new(true).mode(0o600).open(file);
    made.map(drop).map_err(|error| BackupError::File(file.to_owned(), error))
}

fn remove(file: &Path) -> Result<(), BackupError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(BackupError::File(file.to_owned(), error))
        }
        _ => Ok(()),
    }
}

fn flush(file: &Path) -> Result<(), BackupError> {
    let flushed = File::open(file).and_then(|file| file.sync_all());
    flushed.map_err(|error| BackupError::File(file.to_owned(), error))
}

/// Gives a finished file its name, unless that is taken by now, and flushes the folder.
fn name(unfinished: &Path, file: &Path) -> Result<(), BackupError> {
    let at = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Exists(file.to_owned()),
        _ => BackupError::File(file.to_owned(), error),
    };
    fs::hard_link(unfinished, file).map_err(at)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all()).map_err(at)
}
