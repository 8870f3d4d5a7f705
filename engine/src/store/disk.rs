//! Files of SQLite's that are flushed beside SQLite, so that it need not stand still for it.

use std::fs::File;
use std::io;
use std::mem::ManuallyDrop;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A file that SQLite writes.
///
/// It is never closed: by POSIX the process would lose the locks that SQLite holds on it.
#[derive(Clone)]
pub(super) struct DiskFile(Arc<ManuallyDrop<File>>);

impl DiskFile {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::options().read(true).write(true).open(path)?;
        Ok(Self(Arc::new(ManuallyDrop::new(file))))
    }

    pub(super) fn file(&self) -> &File {
        &self.0
    }

    /// Returns once all that was written to the file before is on the disk; the thread stands still
    /// meanwhile.
    pub(super) fn flush_here(&self) -> io::Result<()> {
        self.0.sync_data()?;
        // A file without a name is gone with the process, however well it was flushed.
        match self.0.metadata()?.nlink() {
            0 => Err(io::Error::new(io::ErrorKind::NotFound, "the file was removed")),
            _ => Ok(()),
        }
    }

    /// The same on a thread where that holds up nobody.
    pub(super) async fn flush(&self) -> io::Result<()> {
        let file = self.clone();
        let flushed = tokio::task::spawn_blocking(move || file.flush_here());
        flushed.await.map_err(io::Error::other).flatten()
    }
}

/// The write-ahead log of the writer. `COMMIT` writes to it and returns; what was committed is durable
/// after the next flush.
///
/// A flush that fails says nothing of what it left out, and the next one would succeed without it. So
/// all that was committed until then counts as lost, until it has been written once more.
pub(super) struct Log {
    path: PathBuf,
    file: Mutex<DiskFile>,
    generation: AtomicU64,
    /// Generations before this one are lost.
    kept_from: AtomicU64,
}

/// Marks what was committed between two failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Generation(u64);

impl Log {
    /// The log of the database at `path`, which must be open: SQLite makes the log.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut name = path.as_os_str().to_owned();
        name.push("-wal");
        let path = PathBuf::from(name);
        let file = Mutex::new(DiskFile::open(&path)?);
        Ok(Self { path, file, generation: AtomicU64::new(0), kept_from: AtomicU64::new(0) })
    }

    pub(super) fn file(&self) -> DiskFile {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn generation(&self) -> Generation {
        Generation(self.generation.load(Ordering::SeqCst))
    }

    pub(super) fn holds(&self, generation: Generation) -> bool {
        generation.0 >= self.kept_from.load(Ordering::SeqCst)
    }

    /// The thread stands still meanwhile.
    pub(super) fn flush(&self) -> io::Result<()> {
        let flushed = self.file().flush_here();
        if flushed.is_err() {
            // Asked after the flush: what was written during it is lost as well.
            self.kept_from.store(self.generation().0 + 1, Ordering::SeqCst);
        }
        flushed
    }

    /// To be called once all that counts as lost is in the database, and the log is empty.
    pub(super) fn start_anew(&self) -> io::Result<()> {
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = DiskFile::open(&self.path)?;
        self.generation.store(self.kept_from.load(Ordering::SeqCst), Ordering::SeqCst);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_flush_loses_what_was_committed_until_it_is_written_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("some.db");
        let path = folder.path().join("some.db-wal");
        std::fs::write(&path, b"written").expect("a log");
        let log = Log::open(&database).expect("the log opens");
        let before = log.generation();
        log.flush().expect("a flush");
        assert!(log.holds(before));

        std::fs::remove_file(&path).expect("it can be removed");
        log.flush().expect_err("the log has no name any more");
        assert!(!log.holds(before));
        assert!(!log.holds(log.generation()), "what is committed now is lost too");

        log.start_anew().expect_err("there is no log");
        assert!(!log.holds(log.generation()));
        std::fs::write(&path, b"anew").expect("a log");
        log.start_anew().expect("the new log opens");
        log.flush().expect("a flush");
        assert!(log.holds(log.generation()));
        assert!(!log.holds(before), "its senders are still to be told");
    }
}
