//! Writes pages of SQLite's log to the database once more
//! (<https://sqlite.org/fileformat2.html#the_write_ahead_log>).
//!
//! Whoever reads meanwhile finds nothing changed: these pages are in the database already, or would be if the
//! disk had kept them.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::Copied;

const HEADER: usize = 32;
/// Before each page of the log.
const DESCRIPTION: usize = 24;

/// Writes the first so many pages of the log to the database, and flushes it.
pub(super) async fn copy_again(files: &Copied, pages: i64) -> io::Result<()> {
    let (log, database) = (files.log.file(), files.database.clone());
    let copied = tokio::task::spawn_blocking(move || {
        write(log.file(), database.file(), pages)?;
        database.flush_here()
    });
    copied.await.map_err(io::Error::other).flatten()
}

fn write(log: &File, database: &File, pages: i64) -> io::Result<()> {
    let mut header = [0; HEADER];
    log.read_exact_at(&mut header, 0)?;
    let (size, marks) = (number(&header[8..12]), &header[16..24]);
    let mut frame = vec![0; DESCRIPTION + size as usize];
    let length = frame.len() as u64;
    for place in 0..u64::try_from(pages).unwrap_or_default() {
        log.read_exact_at(&mut frame, HEADER as u64 + place * length)?;
        let (description, page) = frame.split_at(DESCRIPTION);
        // The log has begun anew, which it only does once all of it is on the disk.
        if &description[8..16] != marks {
            return Ok(());
        }
        let number = u64::from(number(&description[..4]));
        database.write_all_at(page, number.saturating_sub(1) * u64::from(size))?;
    }
    Ok(())
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rusqlite::Connection;

    use super::*;
    use crate::store::disk::{DiskFile, Log};

    #[tokio::test]
    async fn what_the_disk_forgot_comes_back_from_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.db");
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "journal_mode", "wal").unwrap();
        connection.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
        connection.execute_batch("CREATE TABLE t (x TEXT)").unwrap();
        for round in 0..50 {
            let row = format!("{round} {}", "x".repeat(3_000));
            connection.execute("INSERT INTO t VALUES (?1)", [row]).unwrap();
            connection.execute("UPDATE t SET x = x || '.' WHERE rowid = 1", []).unwrap();
        }
        // A reader of before keeps some of it from being copied.
        let reader = Connection::open(&path).unwrap();
        reader.execute_batch("BEGIN; SELECT COUNT(*) FROM t").unwrap();
        connection.execute("INSERT INTO t VALUES ('later')", []).unwrap();
        let copied = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
            Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        });
        let (of_log, copied) = copied.unwrap();
        assert!((100..of_log).contains(&copied), "{copied} of {of_log}");

        let files = Copied {
            log: Arc::new(Log::open(&path).unwrap()),
            database: DiskFile::open(&path).unwrap(),
        };
        let size = path.metadata().unwrap().len();
        files.database.file().write_all_at(&vec![0; size as usize], 0).unwrap();
        copy_again(&files, copied).await.unwrap();

        // The database alone, as it is without what came later.
        let alone = folder.path().join("alone.db");
        std::fs::copy(&path, &alone).unwrap();
        let found = Connection::open(&alone).unwrap();
        let sql = "SELECT COUNT(*), (SELECT x LIKE '%' || ?1 FROM t WHERE rowid = 1), \
                   (SELECT * FROM pragma_integrity_check) FROM t";
        let found = found.query_row(sql, [".".repeat(50)], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?, row.get::<_, String>(2)?))
        });
        assert_eq!(found.unwrap(), (50, true, "ok".to_owned()));
    }
}
