//! Letting nothing of what was erased stay in the files.
//!
//! SQLite: an erasure deletes with `secure_delete`, which overwrites rows with zeros. That alone leaves
//! traces, as SQLite copies rows between pages when these grow, and the gaps that remain are not
//! overwritten. So the database is written anew (`VACUUM`), and the write-ahead log, which still has pages
//! as they were before, is emptied. Writes wait for that: a database that is larger than [`AT_ONCE`] is
//! written anew at the next start of the server, before anybody waits.
//!
//! Postgres: dead rows are vacuumed. Its own log, replicas and backups keep what they keep.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};

use super::{Store, StoreError, checkpoint};
use crate::time::Timestamp;

/// Up to this size, in bytes, a database is written anew while it is served: that takes a few seconds.
const AT_ONCE: u64 = 256 << 20;
/// How long to wait before the log, which readers still need, is tried to be emptied once more: longer
/// each time, for a backup reads as long as it takes.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// What events are made of.
const TABLES: &str = "events, event_bodies, event_notes, event_search, runs, step_attempts, error_groups, quarantine, erasures";

/// How far the files are clean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cleaned {
    Whole,
    /// A full disk was in the way: it can be tried again.
    NotYet,
    /// The database is large.
    AtTheNextStart,
}

impl Store {
    pub(crate) async fn clean(&self) -> Result<Cleaned, StoreError> {
        let Some(space) = self.space().await? else {
            self.read.execute_unprepared(&format!("VACUUM {TABLES}")).await?;
            return Ok(Cleaned::Whole);
        };
        if space.bytes > AT_ONCE {
            return Ok(Cleaned::AtTheNextStart);
        }
        match self.rewrite().await {
            Ok(()) => Ok(Cleaned::Whole),
            Err(error) if error.is_unavailable() => {
                tracing::debug!(%error, "the files could not be cleaned yet");
                Ok(Cleaned::NotYet)
            }
            Err(error) => Err(error),
        }
    }

    async fn rewrite(&self) -> Result<(), StoreError> {
        self.writer.rewrite().await?;
        let mut pause = SHORTEST;
        loop {
            match self.writer.empty_log().await {
                Err(error) if error.is_unavailable() => {
                    tracing::debug!(%error, "the log could not be emptied yet");
                }
                done => return done,
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST);
        }
    }
}

/// Writes a SQLite database anew. Before that the index of words: what is deleted there only does not count
/// any more, until its parts are made one.
pub(super) async fn rewrite(connection: &DatabaseConnection) -> Result<(), DbErr> {
    let one = "INSERT INTO event_search (event_search) VALUES ('optimize')";
    connection.execute_unprepared(one).await?;
    // Not in memory: it is as large as the database.
    connection.execute_unprepared("PRAGMA temp_store = file").await?;
    let written = connection.execute_unprepared("VACUUM").await;
    connection.execute_unprepared("PRAGMA temp_store = memory").await?;
    written.map(drop)
}

/// Ends what was put off to this moment. A disk that has no room for it is no reason not to serve.
pub(super) async fn at_start(connection: &DatabaseConnection, now: Timestamp) -> Result<(), DbErr> {
    if connection.get_database_backend() == DbBackend::Postgres {
        return Ok(());
    }
    let waiting = "SELECT 1 FROM erasures WHERE state = 'cleaning' LIMIT 1";
    let waiting = Statement::from_string(DbBackend::Sqlite, waiting);
    if connection.query_one_raw(waiting).await?.is_none() {
        return Ok(());
    }
    let cleaned = async {
        rewrite(connection).await?;
        checkpoint::empty(connection).await
    };
    if let Err(error) = cleaned.await {
        tracing::warn!(%error, "what was erased may still lie in the files: make room and start again");
        return Ok(());
    }
    let sql = "UPDATE erasures SET state = 'finished', finished_at = $1 WHERE state = 'cleaning'";
    let finish = Statement::from_sql_and_values(DbBackend::Sqlite, sql, [now.millis().into()]);
    connection.execute_raw(finish).await.map(drop)
}
