//! SQLite written on the thread that asks: what the writer commits takes no way to another thread and
//! back, and wakes nobody.
//!
//! Everything else goes through sea-orm, whose SQLite connections each have a thread of their own.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, Row, Statement, ToSql};
use sea_orm::{DbErr, RuntimeErr, Value};

use super::batch::Batch;
use super::entity::event;
use super::jsonb::Plain;
use super::open::{BUSY, SETTINGS};
use super::statements::{OfRows, Written};
use super::{StoreError, is_sqlite_away};

mod gather;
mod log_file;

/// Statements that stay prepared; the writer has fewer.
const PREPARED: usize = 64;

/// Behind a lock only so that it may be shared; nobody ever waits for it.
pub(super) struct Direct(Mutex<Connection>);

/// Why a transaction was rolled back.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) error: StoreError,
    /// A row like one of these is there already.
    pub(super) is_repeat: bool,
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self { error, is_repeat: false }
    }
}

impl Direct {
    /// Opens the database at `path` once more; `flushes`: each commit is durable when it returns.
    pub(super) fn open(path: &Path, flushes: bool) -> Result<Self, StoreError> {
        let open = || {
            let connection = match log_file::name() {
                Some(files) => {
                    Connection::open_with_flags_and_vfs(path, OpenFlags::default(), files)?
                }
                None => Connection::open(path)?,
            };
            connection.busy_timeout(BUSY)?;
            for (name, value) in SETTINGS {
                connection.pragma_update(None, name, value)?;
            }
            let synchronous = if flushes { "full" } else { "normal" };
            connection.pragma_update(None, "synchronous", synchronous)?;
            // What is written before its transaction is whole may be written over within it, and be left there by
            // a rollback; nobody else may find either. A batch is bounded, and so is what is kept for it.
            connection.pragma_update(None, "cache_spill", false)?;
            connection.set_prepared_statement_cache_capacity(PREPARED);
            Ok(Self(Mutex::new(connection)))
        };
        open().map_err(failure)
    }

    /// Writes all of it in one transaction of its own.
    pub(super) fn commit(&self, written: &[Written<'_>]) -> Result<(), Refused> {
        if written.is_empty() {
            return Ok(());
        }
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        try_commit(&connection, written).map_err(|error| {
            if !connection.is_autocommit() {
                // Fails only where the connection is lost, which the next transaction will say.
                let _ended = connection.execute_batch("ROLLBACK");
            }
            let is_repeat = error.sqlite_error().is_some_and(is_repeat);
            Refused { error: failure(error), is_repeat }
        })
    }
}

impl Direct {
    /// What is found of what is committed.
    pub(super) fn read<T>(
        &self,
        sql: &OfRows,
        batch: &Batch,
        mut each: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut read = || {
            // All as of one moment.
            let as_of_now = connection.unchecked_transaction()?;
            let mut statement = connection.prepare_cached(&sql.row)?;
            let mut found = Vec::new();
            for row in batch.rows() {
                bind(&mut statement, row)?;
                let mut rows = statement.raw_query();
                while let Some(row) = rows.next()? {
                    found.push(each(row)?);
                }
            }
            drop(statement);
            as_of_now.finish()?;
            Ok(found)
        };
        read().map_err(failure)
    }
}

/// An event whose columns, as `EVENT_COLUMNS` names them, begin with number `first` of the row.
pub(super) fn event(row: &Row<'_>, first: usize) -> rusqlite::Result<event::Model> {
    Ok(event::Model {
        seq: row.get(first)?,
        id: row.get(first + 1)?,
        event_id: row.get(first + 2)?,
        event_type: row.get(first + 3)?,
        source: row.get(first + 4)?,
        subject: row.get(first + 5)?,
        status: row.get(first + 6)?,
        received_at: row.get(first + 7)?,
        occurred_at: row.get(first + 8)?,
        processed_at: row.get(first + 9)?,
        payload_preview: row.get(first + 10)?,
        payload_bytes: row.get(first + 11)?,
        runs_open: row.get(first + 12)?,
        runs_failed: row.get(first + 13)?,
        attempts: row.get(first + 14)?,
        error: row.get(first + 15)?,
        replay_of: row.get(first + 16)?,
        key_id: row.get(first + 17)?,
        error_group: row.get(first + 18)?,
        bulk_id: row.get(first + 19)?,
        held: row.get(first + 20)?,
    })
}

fn try_commit(connection: &Connection, written: &[Written<'_>]) -> rusqlite::Result<()> {
    let run = |sql: &str| connection.prepare_cached(sql)?.execute([]);
    run("BEGIN IMMEDIATE")?;
    for written in written {
        match written {
            Written::One(sql, value) => {
                connection.prepare_cached(sql)?.execute([Parameter(value)])?;
            }
            Written::Batch(sql, batch) => {
                let mut statement = connection.prepare_cached(&sql.row)?;
                for row in batch.rows() {
                    bind(&mut statement, row)?;
                    statement.raw_execute()?;
                }
            }
        }
    }
    run("COMMIT")?;
    Ok(())
}

fn bind<'r>(
    statement: &mut Statement<'_>,
    row: impl Iterator<Item = Plain<'r>>,
) -> rusqlite::Result<()> {
    let mut bound = 0;
    for value in row {
        bound += 1;
        statement.raw_bind_parameter(bound, value)?;
    }
    // One that is not bound would keep the value of the row before.
    debug_assert_eq!(bound, statement.parameter_count(), "a value for each column");
    Ok(())
}

/// A parameter as the writer's statements have them.
struct Parameter<'v>(&'v Value);

impl ToSql for Parameter<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self.0 {
            Value::Bytes(Some(bytes)) => Ok(ToSqlOutput::from(bytes.as_slice())),
            Value::String(Some(text)) => Ok(ToSqlOutput::from(text.as_str())),
            Value::BigInt(Some(number)) => Ok(ToSqlOutput::from(*number)),
            other => Err(rusqlite::Error::ToSqlConversionFailure(
                format!("no statement of the writer takes {other:?}").into(),
            )),
        }
    }
}

impl ToSql for Plain<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Plain::Null => ValueRef::Null,
            Plain::Integer(number) => ValueRef::Integer(number),
            Plain::Text(text) => ValueRef::Text(text),
        }))
    }
}

fn is_repeat(reported: &rusqlite::ffi::Error) -> bool {
    use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
    [SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE].contains(&reported.extended_code)
}

/// Whether trying again later can help decides what it is.
fn failure(error: rusqlite::Error) -> StoreError {
    let away = error.sqlite_error().is_some_and(|reported| is_sqlite_away(reported.extended_code));
    let error = DbErr::Exec(RuntimeErr::Internal(error.to_string()));
    if away { StoreError::Unavailable(error) } else { StoreError::Database(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(sql: &str, value: impl Into<Value>) -> Written<'_> {
        Written::One(sql, value.into())
    }

    #[test]
    fn what_is_committed_is_there_for_everybody_however_much_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.db");
        let other = Connection::open(&path).unwrap();
        other.pragma_update(None, "journal_mode", "wal").unwrap();
        other.execute_batch("CREATE TABLE t (x TEXT NOT NULL)").unwrap();
        let insert = "INSERT INTO t VALUES ($1)";
        let mut expected: i64 = 0;
        for (flushes, length) in [(false, 10), (true, 100_000), (false, 3_000_000), (true, 5_000)] {
            let direct = Direct::open(&path, flushes).unwrap();
            for _ in 0..3 {
                direct.commit(&[one(insert, "x".repeat(length)), one(insert, "y")]).unwrap();
                expected += length as i64 + 1;
                let refused = [one(insert, "z".repeat(length)), one(insert, None::<String>)];
                assert!(direct.commit(&refused).is_err());
                let found = "SELECT SUM(LENGTH(x)), (SELECT * FROM pragma_integrity_check) FROM t";
                let found = other.query_row(found, [], |row| Ok((row.get(0)?, row.get(1)?)));
                assert_eq!(found.unwrap(), (expected, "ok".to_owned()));
            }
            other.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        }
    }

    /// A row is written, then more than the cache holds, then the row once more: a page that went out early is
    /// written over in the log, which the file has to show when the commit returns.
    #[test]
    fn a_large_transaction_is_in_the_file_when_it_is_committed() {
        for spills in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("some.db");
            let other = Connection::open(&path).unwrap();
            other.pragma_update(None, "journal_mode", "wal").unwrap();
            other.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)").unwrap();
            let direct = Direct::open(&path, false).unwrap();
            direct.0.lock().unwrap().pragma_update(None, "cache_spill", spills).unwrap();
            let (insert, update) =
                ("INSERT INTO t (x) VALUES ($1)", "UPDATE t SET x = $1 WHERE id = 1");
            direct.commit(&[one(insert, "first")]).unwrap();
            let mut written = vec![one(update, "second")];
            written.extend((0..200).map(|_| one(insert, "x".repeat(100_000))));
            written.push(one(update, "third"));
            direct.commit(&written).unwrap();

            // As after a power cut: nothing but the files.
            let after = tempfile::tempdir().unwrap();
            for name in ["some.db", "some.db-wal"] {
                std::fs::copy(folder.path().join(name), after.path().join(name)).unwrap();
            }
            let found = Connection::open(after.path().join("some.db")).unwrap();
            let sql = "SELECT (SELECT x FROM t WHERE id = 1), COUNT(*) FROM t";
            let found = found.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)));
            assert_eq!(found.unwrap(), ("third".to_owned(), 201), "cache_spill={spills}");
        }
    }
}
