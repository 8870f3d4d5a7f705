//! Letting nothing of what was deleted stay in the files.
//!
//! SQLite: every connection overwrites what it deletes with zeros (`secure_delete`), so the database
//! holds nothing of it once the write-ahead log has been copied; the log, which still has pages as they
//! were before, is emptied. What SQLite moved within a database before it was opened this way, or copied
//! when it split a page, may leave a trace between rows: a copy made by `sluice backup` has none.
//!
//! Postgres: dead rows are vacuumed. Its own log, replicas and backups keep what they keep.

use sea_orm::{ConnectionTrait, DbBackend};

use super::{Store, StoreError};

/// What events are made of.
const TABLES: &str =
    "events, event_bodies, event_notes, runs, step_attempts, error_groups, quarantine, erasures";

impl Store {
    /// Whether it could be done; where readers hindered it, it can be tried again soon.
    pub(crate) async fn clean(&self) -> Result<bool, StoreError> {
        if self.read.get_database_backend() == DbBackend::Postgres {
            self.read.execute_unprepared(&format!("VACUUM {TABLES}")).await?;
            return Ok(true);
        }
        match self.writer.empty_log().await {
            Ok(()) => Ok(true),
            Err(error) if error.is_unavailable() => {
                tracing::debug!(%error, "the log could not be emptied yet");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}
