//! One connection that commits batches.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait,
};
use tokio::sync::OwnedMutexGuard;

use super::known::Known;
use super::tally::Tally;
use super::work::{Outcome, Repeats, Work};
use super::{Command, Connections, StoreError};
use crate::Environment;
use crate::id::NodeId;
use crate::live::{Cursor, LiveChange};
use crate::store::checkpoint::Checkpoint;
use crate::store::clean;
use crate::store::direct::{Direct, Refused};
use crate::store::disk::{Generation, Log};
use crate::store::entity::source_limit;
use crate::store::open::BUSY;
use crate::store::statements::Statements;

pub(super) struct Lane {
    connection: DatabaseConnection,
    /// SQLite once more, for what goes out at once.
    pub(super) direct: Option<Direct>,
    /// Only SQLite has a log to be copied.
    checkpoint: Option<Checkpoint>,
    log: Option<Arc<Log>>,
    environment: Environment,
    node: NodeId,
    pub(super) idempotency_kept: Duration,
    pub(super) statements: Statements,
    /// Whether events are counted by their source.
    by_source: Arc<AtomicBool>,
    /// The last sequence numbers committed (SQLite, where this is the only writer).
    last: Cursor,
    /// For how many commits repeats are still looked up first.
    wary: u32,
    /// Only what is committed at once follows it. Behind a lock only so that it may be shared.
    known: Mutex<Known>,
}

/// How long the writer waits for readers of the log.
const BRIEF: Duration = Duration::from_millis(20);

/// How long a repeat makes the lane wary: senders that repeat seldom do it once.
const WARY: u32 = 64;

/// What a transaction did.
pub(super) struct Outcomes {
    pub(super) each: Vec<Outcome>,
    pub(super) changes: Vec<LiveChange>,
    /// How long the events took that have settled, in milliseconds.
    pub(super) took: Vec<i64>,
    /// The last sequence numbers before it, and with it.
    pub(super) before: Cursor,
    pub(super) last: Cursor,
    /// What has to be flushed; `None` where the database did it itself.
    pub(super) generation: Option<Generation>,
}

impl Lane {
    pub(super) async fn open(
        connections: Connections,
        environment: Environment,
        node: NodeId,
        idempotency_kept: Duration,
        by_source: Arc<AtomicBool>,
    ) -> Result<Self, StoreError> {
        let Connections { steps: connection, direct, files } = connections;
        let (log, checkpoint) = files.map(|files| (files.log, files.checkpoint)).unzip();
        let statements = Statements::new(connection.get_database_backend());
        let last = last_cursor(&connection).await?;
        if source_limit::Entity::find().one(&connection).await?.is_some() {
            by_source.store(true, Ordering::Relaxed);
        }
        Ok(Self {
            connection,
            direct,
            checkpoint,
            log,
            environment,
            node,
            idempotency_kept,
            statements,
            by_source,
            last,
            wary: 0,
            known: Mutex::default(),
        })
    }

    pub(super) fn node(&self) -> NodeId {
        self.node
    }

    pub(super) fn counts_by_source(&self) -> bool {
        self.by_source.load(Ordering::Relaxed)
    }

    pub(super) fn next_id(&self) -> u128 {
        self.environment.next_id()
    }

    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn last(&self) -> Cursor {
        self.last
    }

    /// The batch as one transaction, or as two where a part of it can be committed at once: a claim or
    /// a rare change must not take the long way with all that waits beside it. Each sender waits for
    /// its answer, so none of them can tell.
    pub(super) fn apart(&self, batch: Vec<Command>) -> impl Iterator<Item = Vec<Command>> + use<> {
        let (at_once, rest) = match self.direct {
            Some(_) => batch.into_iter().partition(Command::reads_only_what_is_committed),
            None => (Vec::new(), batch),
        };
        [at_once, rest].into_iter().filter(|part| !part.is_empty())
    }

    /// Applies the whole batch and commits it, or changes nothing.
    pub(super) async fn commit(&mut self, batch: &[Command]) -> Result<Outcomes, StoreError> {
        self.mend_log().await?;
        let outcomes = self.try_commit(batch).await?;
        self.last = outcomes.last;
        Ok(outcomes)
    }

    /// After a failed flush nobody knows what of the log is on the disk: all of it is written once more,
    /// to the database, before anything else is.
    async fn mend_log(&self) -> Result<(), StoreError> {
        let Some(log) = self.log.as_ref().filter(|log| !log.holds(log.generation())) else {
            return Ok(());
        };
        let _turn = self.copy_all().await?;
        log.start_anew().map_err(StoreError::from_flush)
    }

    /// Copies all of the log to the database and empties it; on Postgres there is none of ours.
    pub(super) async fn empty_log(&self) -> Result<(), StoreError> {
        if self.log.is_none() {
            return Ok(());
        }
        self.mend_log().await?;
        // Who is there to be waited for would be waited for by everybody: it is tried again instead.
        let wait = async |time: Duration| {
            let sql = format!("PRAGMA busy_timeout = {}", time.as_millis());
            self.connection.execute_unprepared(&sql).await
        };
        wait(BRIEF).await?;
        let emptied = self.copy_all().await;
        wait(BUSY).await?;
        emptied.map(drop)
    }

    /// Nobody else copies before what this returns is dropped.
    async fn copy_all(&self) -> Result<Option<OwnedMutexGuard<()>>, StoreError> {
        let Some(checkpoint) = &self.checkpoint else { return Ok(None) };
        let emptied = checkpoint.empty(&self.connection).await;
        emptied.map(Some).map_err(StoreError::Unavailable)
    }

    pub(super) async fn rewrite(&self) -> Result<(), StoreError> {
        if self.log.is_none() {
            return Ok(());
        }
        self.mend_log().await?;
        let _turn = self.turn().await?;
        Ok(clean::rewrite(&self.connection).await?)
    }

    pub(super) async fn give_back(&self, pages: i64) -> Result<(), StoreError> {
        if self.log.is_none() {
            return Ok(());
        }
        self.mend_log().await?;
        let sql = format!("PRAGMA incremental_vacuum({pages})");
        self.connection.execute_unprepared(&sql).await?;
        self.tidy().await;
        Ok(())
    }

    async fn try_commit(&mut self, batch: &[Command]) -> Result<Outcomes, StoreError> {
        let at_once = batch.iter().all(Command::reads_only_what_is_committed);
        let Some(direct) = self.direct.as_ref().filter(|_| at_once) else {
            if !batch.iter().all(Command::leaves_runs) {
                self.known().forget_all();
            }
            return self.commit_in_steps(batch).await;
        };
        self.wary = self.wary.saturating_sub(1);
        if self.wary == 0 {
            match self.commit_at_once(direct, batch, Repeats::Refused).await {
                Err(refused) if refused.is_repeat => self.wary = WARY,
                other => return other.map_err(|refused| refused.error),
            }
        }
        let committed = self.commit_at_once(direct, batch, Repeats::LookedUp).await;
        committed.map_err(|refused| refused.error)
    }

    async fn commit_in_steps(&self, batch: &[Command]) -> Result<Outcomes, StoreError> {
        let committed = self.try_in_steps(batch).await;
        if committed.is_err() {
            self.connect_anew().await;
        }
        committed
    }

    /// A transaction that SQLite has ended by itself, as it does where the disk is full, is still open to the
    /// connection: all that came after it would be part of one that never commits, and keep everybody else out.
    async fn connect_anew(&self) {
        if self.connection.get_database_backend() != DbBackend::Sqlite {
            return;
        }
        let connection = match self.connection.get_sqlite_connection_pool().acquire().await {
            Ok(connection) => connection,
            Err(error) => return tracing::debug!(%error, "there is no connection to be closed"),
        };
        if let Err(error) = connection.close().await {
            tracing::debug!(%error, "a connection was not closed as it should be");
        }
    }

    async fn try_in_steps(&self, batch: &[Command]) -> Result<Outcomes, StoreError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        let transaction = self.connection.begin_with_options(options).await?;
        let mut work = self.work(transaction);
        work.lock_turns(batch.iter().flat_map(Command::turned)).await?;
        let mut each: Vec<Option<Outcome>> = batch.iter().map(|_| None).collect();
        work.accept(batch, Repeats::LookedUp, &mut each).await?;
        work.settle(batch, &mut each).await?;
        for (command, outcome) in
            batch.iter().zip(&mut each).filter(|(_, outcome)| outcome.is_none())
        {
            // Each of these may read what was written before it.
            work.flush().await?;
            *outcome = Some(work.apply(command).await?);
        }
        let changes = work.note_changes().await?;
        work.count();
        work.give_turns();
        work.flush().await?;
        let Work { connection: transaction, tally, last, .. } = work;
        transaction.commit().await?;
        Ok(self.outcomes(each, changes, tally, last))
    }

    /// The same with all that is written kept to the end: on SQLite nobody else writes events and runs,
    /// so what is read before the transaction still holds in it.
    async fn commit_at_once(
        &self,
        direct: &Direct,
        batch: &[Command],
        repeats: Repeats,
    ) -> Result<Outcomes, Refused> {
        let mut work = self.work(self.connection.clone());
        let mut each: Vec<Option<Outcome>> = batch.iter().map(|_| None).collect();
        work.accept(batch, repeats, &mut each).await?;
        work.settle(batch, &mut each).await?;
        let changes = work.note_changes().await?;
        work.count();
        work.give_turns();
        direct.commit(&work.take_pending())?;
        let Work { tally, last, .. } = work;
        let outcomes = self.outcomes(each, changes, tally, last);
        self.known().follow(batch, &outcomes);
        Ok(outcomes)
    }

    fn outcomes(
        &self,
        each: Vec<Option<Outcome>>,
        changes: Vec<LiveChange>,
        tally: Tally,
        last: Cursor,
    ) -> Outcomes {
        Outcomes {
            each: each.into_iter().flatten().collect(),
            changes,
            took: tally.took,
            before: self.last,
            last,
            generation: self.log.as_ref().map(|log| log.generation()),
        }
    }

    fn work<C: ConnectionTrait>(&self, connection: C) -> Work<'_, C> {
        let Environment { clock, steady, .. } = &self.environment;
        Work::new(self, connection, self.last, clock.now(), steady.now())
    }

    /// The turn to copy the log, where there is one.
    async fn turn(&self) -> Result<Option<OwnedMutexGuard<()>>, StoreError> {
        let Some(checkpoint) = &self.checkpoint else { return Ok(None) };
        checkpoint.turn().await.map(Some).map_err(StoreError::Unavailable)
    }

    /// What is to be done between two commits, beside the answers to the last one.
    pub(super) async fn tidy(&self) {
        let Some(checkpoint) = self.checkpoint.as_ref().filter(|it| it.committed()) else { return };
        if let Err(error) = checkpoint.copy_rest(&self.connection).await {
            tracing::debug!(%error, "the log could not be copied to its end");
        }
    }
}

async fn last_cursor(connection: &DatabaseConnection) -> Result<Cursor, StoreError> {
    let last = async |sql: &str| {
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        let row = connection.query_one_raw(statement).await?;
        let number = row.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?;
        Ok::<_, StoreError>(number.flatten().unwrap_or(0))
    };
    Ok(Cursor {
        seq: last("SELECT MAX(seq) FROM events").await?,
        change: last("SELECT MAX(id) FROM event_changes").await?,
    })
}
