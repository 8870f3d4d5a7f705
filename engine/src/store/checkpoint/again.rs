//! Writes pages of SQLite's log to the database once more
//! (<https://sqlite.org/fileformat2.html#the_write_ahead_log>).
//!
//! Each page only as it was last, so that whoever reads meanwhile finds nothing changed: these pages are in the
//! database already, or would be if the disk had kept them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::Copied;
use crate::store::disk::Log;

const HEADER: usize = 32;
/// Before each page of the log.
const DESCRIPTION: usize = 24;

/// What tells a log from the one before it, which is in the same file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks([u8; 8]);

/// Those of the log as it is now; none while it is empty.
pub(super) fn marks(log: &Log) -> io::Result<Option<Marks>> {
    header(log.file().file()).map(|header| header.map(|header| header.marks))
}

/// Writes the first so many pages of that log to the database, and flushes it.
pub(super) async fn copy_again(files: &Copied, of: Option<Marks>, pages: i64) -> io::Result<()> {
    let (log, database) = (files.log.file(), files.database.clone());
    let copied = tokio::task::spawn_blocking(move || {
        if let Some(of) = of {
            write(log.file(), database.file(), of, pages)?;
        }
        database.flush_here()
    });
    copied.await.map_err(io::Error::other).flatten()
}

struct Header {
    /// Bytes of a page.
    size: u32,
    marks: Marks,
}

fn header(log: &File) -> io::Result<Option<Header>> {
    let mut header = [0; HEADER];
    match log.read_exact_at(&mut header, 0) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        read => read.map(|()| {
            Some(Header { size: number(&header[8..12]), marks: marks_in(&header[16..24]) })
        }),
    }
}

fn write(log: &File, database: &File, of: Marks, pages: i64) -> io::Result<()> {
    let Some(header) = header(log)?.filter(|header| header.marks == of) else { return Ok(()) };
    let written = write_last(log, database, &header, pages);
    match self::header(log)? {
        Some(now) if now.marks == of => written,
        // A log that has begun anew had all of it on the disk, and what was written is what is there.
        _ => Ok(()),
    }
}

/// Fails at the first page that is not of that log.
fn write_last(log: &File, database: &File, of: &Header, pages: i64) -> io::Result<()> {
    let mut page = vec![0; of.size as usize];
    let length = (DESCRIPTION + page.len()) as u64;
    let (mut last, mut pages_of_database) = (BTreeMap::new(), 0);
    for place in 0..u64::try_from(pages).unwrap_or_default() {
        let at = HEADER as u64 + place * length;
        let described = describe(log, at, of.marks)?;
        last.insert(described.page, at);
        if described.pages_of_database > 0 {
            pages_of_database = described.pages_of_database;
        }
    }
    // One that the database has given up since is none of it any more.
    last.retain(|number, _| (1..=pages_of_database).contains(number));
    for (number, at) in last {
        log.read_exact_at(&mut page, at + DESCRIPTION as u64)?;
        // Whoever writes over a page has written over its description before.
        if describe(log, at, of.marks)?.page != number {
            return Err(not_of_it());
        }
        database.write_all_at(&page, u64::from(number - 1) * page.len() as u64)?;
    }
    Ok(())
}

struct Described {
    page: u32,
    /// After the last page of a transaction; 0 for the others.
    pages_of_database: u32,
}

fn describe(log: &File, at: u64, of: Marks) -> io::Result<Described> {
    let mut bytes = [0; DESCRIPTION];
    log.read_exact_at(&mut bytes, at)?;
    if marks_in(&bytes[8..16]) != of {
        return Err(not_of_it());
    }
    Ok(Described { page: number(&bytes[..4]), pages_of_database: number(&bytes[4..8]) })
}

fn not_of_it() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a page of the log is not of this log")
}

fn marks_in(bytes: &[u8]) -> Marks {
    let mut marks = [0; 8];
    marks.copy_from_slice(bytes);
    Marks(marks)
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use rusqlite::Connection;

    use super::*;
    use crate::store::disk::{DiskFile, Log};

    struct Field {
        _folder: tempfile::TempDir,
        path: PathBuf,
        writer: Connection,
        files: Copied,
    }

    impl Field {
        /// A log of many pages, the first row's over and over.
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("some.db");
            let writer = Connection::open(&path).unwrap();
            writer.pragma_update(None, "journal_mode", "wal").unwrap();
            writer.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
            writer.execute_batch("CREATE TABLE t (x TEXT)").unwrap();
            for round in 0..50 {
                let row = format!("{round} {}", "x".repeat(3_000));
                writer.execute("INSERT INTO t VALUES (?1)", [row]).unwrap();
                writer.execute("UPDATE t SET x = x || '.' WHERE rowid = 1", []).unwrap();
            }
            let files = Copied {
                log: Arc::new(Log::open(&path).unwrap()),
                database: DiskFile::open(&path).unwrap(),
            };
            Self { _folder: folder, path, writer, files }
        }

        /// Pages of the log, and how many of them are in the database.
        fn copy(&self) -> (i64, i64) {
            let copied = self.writer.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
                Ok((row.get(1)?, row.get(2)?))
            });
            copied.unwrap()
        }

        fn database(&self) -> Vec<u8> {
            std::fs::read(&self.path).unwrap()
        }
    }

    #[tokio::test]
    async fn what_the_disk_forgot_comes_back_from_the_log() {
        let field = Field::new();
        // A reader of before keeps some of it from being copied.
        let reader = Connection::open(&field.path).unwrap();
        reader.execute_batch("BEGIN; SELECT COUNT(*) FROM t").unwrap();
        field.writer.execute("INSERT INTO t VALUES ('later')", []).unwrap();
        let of = marks(&field.files.log).unwrap();
        let (of_log, copied) = field.copy();
        assert!((100..of_log).contains(&copied), "{copied} of {of_log}");

        let forgotten = vec![0; field.database().len()];
        field.files.database.file().write_all_at(&forgotten, 0).unwrap();
        copy_again(&field.files, of, copied).await.unwrap();

        // The database alone, as it is without what came later.
        let alone = field.path.with_extension("alone");
        std::fs::copy(&field.path, &alone).unwrap();
        let found = Connection::open(&alone).unwrap();
        let sql = "SELECT COUNT(*), (SELECT x LIKE '%' || ?1 FROM t WHERE rowid = 1), \
                   (SELECT * FROM pragma_integrity_check) FROM t";
        let found = found.query_row(sql, [".".repeat(50)], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?, row.get::<_, String>(2)?))
        });
        assert_eq!(found.unwrap(), (50, true, "ok".to_owned()));
    }

    /// All of it was on the disk then: what would be written is older than what is there, or not copied yet.
    #[tokio::test]
    async fn a_log_that_has_begun_anew_changes_nothing() {
        let field = Field::new();
        let of = marks(&field.files.log).unwrap();
        let (of_log, copied) = field.copy();
        assert_eq!(copied, of_log);
        field.writer.execute("UPDATE t SET x = 'new' WHERE rowid = 1", []).unwrap();
        assert_ne!(marks(&field.files.log).unwrap(), of);
        let before = field.database();
        copy_again(&field.files, of, copied).await.unwrap();
        assert!(field.database() == before, "the database was changed");
    }

    /// To write what was read until then would bring back pages as they were.
    #[tokio::test]
    async fn nor_does_one_whose_pages_are_not_its_own() {
        let field = Field::new();
        let of = marks(&field.files.log).unwrap();
        let (_, copied) = field.copy();
        let before = field.database();
        let in_the_middle = (HEADER + 60 * (DESCRIPTION + 4_096)) as u64;
        field.files.log.file().file().write_all_at(&[7; 8], in_the_middle + 8).unwrap();
        copy_again(&field.files, of, 0).await.unwrap();
        copy_again(&field.files, of, copied).await.expect_err("it is not what was copied");
        assert!(field.database() == before, "the database was changed");
    }

    #[tokio::test]
    async fn pages_that_were_given_up_stay_away() {
        let field = Field::new();
        field.writer.execute_batch("DELETE FROM t WHERE rowid > 1; VACUUM").unwrap();
        let of = marks(&field.files.log).unwrap();
        let (of_log, copied) = field.copy();
        assert_eq!(copied, of_log);
        let before = field.database();
        assert!(before.len() < 20 * 4_096, "{} bytes", before.len());
        copy_again(&field.files, of, copied).await.unwrap();
        assert!(field.database() == before, "the database was changed");
    }

    #[tokio::test]
    async fn an_empty_log_has_no_marks() {
        let field = Field::new();
        field.writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        assert_eq!(marks(&field.files.log).unwrap(), None);
        copy_again(&field.files, None, 0).await.unwrap();
    }
}
