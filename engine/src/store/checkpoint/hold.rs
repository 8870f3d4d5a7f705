//! Somebody who reads in SQLite's log, so that it does not begin anew: what was copied of it can be copied once
//! more meanwhile.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Result};

/// Behind a lock only so that it may be shared; nobody ever waits for it.
pub(super) struct Holder(Mutex<Connection>);

/// The log does not begin anew until this is dropped. One that is all in the database already may.
pub(super) struct Held<'h>(&'h Holder);

impl Holder {
    pub(super) fn open(database: &Path) -> Result<Self> {
        Connection::open(database).map(|connection| Self(Mutex::new(connection)))
    }

    pub(super) fn hold(&self) -> Result<Held<'_>> {
        self.release()?;
        let held = Held(self);
        let connection = self.connection();
        connection.execute_batch("BEGIN")?;
        // A transaction reads as of its first read.
        connection.query_row("PRAGMA schema_version", [], |row| row.get::<_, i64>(0))?;
        drop(connection);
        Ok(held)
    }

    /// SQLite ends some transactions by itself when they fail.
    fn release(&self) -> Result<()> {
        let connection = self.connection();
        if connection.is_autocommit() { Ok(()) } else { connection.execute_batch("ROLLBACK") }
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // If that fails, the next one who holds tries again first.
        let _released = self.0.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_begins_anew_only_when_nobody_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.db");
        let writer = Connection::open(&path).unwrap();
        writer.pragma_update(None, "journal_mode", "wal").unwrap();
        writer.execute_batch("CREATE TABLE t (x TEXT)").unwrap();
        let pages_after_a_commit = || {
            let copy = "PRAGMA wal_checkpoint(PASSIVE)";
            writer.query_row(copy, [], |_| Ok(())).unwrap();
            writer.execute("INSERT INTO t VALUES ('x')", []).unwrap();
            writer.query_row(copy, [], |row| row.get::<_, i64>(1)).unwrap()
        };
        let begun_anew = pages_after_a_commit();
        writer.execute("INSERT INTO t VALUES ('x')", []).unwrap();

        let holder = Holder::open(&path).unwrap();
        for _ in 0..2 {
            let held = holder.hold().unwrap();
            assert!(pages_after_a_commit() > begun_anew);
            drop(held);
            assert_eq!(pages_after_a_commit(), begun_anew);
            writer.execute("INSERT INTO t VALUES ('x')", []).unwrap();
        }
    }
}
