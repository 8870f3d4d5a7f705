//! One connection that commits batches.

use std::sync::Arc;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, FromQueryResult,
    SqlErr, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, Value,
};

use super::tally::Tally;
use super::{Accepted, Arrival, Claimed, Command, StoreError};
use crate::Environment;
use crate::event::EventRow;
use crate::event::repair::RepairError;
use crate::id::{EventId, NodeId};
use crate::live::{Cursor, Live, LiveChange};
use crate::run::RunState;
use crate::run::worker::{Assignment, Inbox};
use crate::store::batch::Batch;
use crate::store::checkpoint::{self, Checkpoint};
use crate::store::entity::event;
use crate::store::statements::Statements;
use crate::time::Timestamp;

/// How many status changes are kept for streams that resume.
const CHANGES_KEPT: i64 = 200_000;

pub(super) struct Lane {
    connection: DatabaseConnection,
    /// Only SQLite has a log to be copied.
    checkpoint: Option<Checkpoint>,
    environment: Environment,
    node: NodeId,
    pub(super) live: Live,
    inbox: Inbox,
    pub(super) statements: Statements,
    /// The last sequence numbers committed (SQLite, where this is the only writer).
    last: Cursor,
    /// For how many commits repeats are still looked up first.
    wary: u32,
}

/// How long a repeat makes the lane wary: senders that repeat seldom do it once.
const WARY: u32 = 64;

/// How repeats are found: by a look-up, or by the unique indexes, which refuse them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeats {
    LookedUp,
    Refused,
}

/// What a transaction found out for each of its commands, in their order.
pub(super) enum Outcome {
    Accepted(Accepted, Option<i64>),
    KeyReused,
    Recorded(bool),
    Repaired(Box<Result<EventRow, RepairError>>),
    Claimed(Vec<Claimed>),
    Changed(Result<(), StoreError>),
    Done,
}

pub(super) struct Outcomes {
    each: Vec<Outcome>,
    changes: Vec<LiveChange>,
    last: Cursor,
}

/// What a batch does, on a transaction or, where all its writes go out at once, before one.
pub(super) struct Work<'l, C> {
    pub(super) lane: &'l Lane,
    pub(super) connection: C,
    pub(super) now: Timestamp,
    pub(super) tally: Tally,
    pub(super) last: Cursor,
    pub(super) changed: Vec<EventRow>,
    /// Written, but not sent to the database yet.
    pending: Vec<(&'l str, Value)>,
}

impl Lane {
    pub(super) async fn open(
        connection: DatabaseConnection,
        checkpoint: Option<Checkpoint>,
        environment: Environment,
        node: NodeId,
        live: Live,
        inbox: Inbox,
    ) -> Result<Self, StoreError> {
        let backend = connection.get_database_backend();
        let last = last_cursor(&connection).await?;
        live.start_at(last);
        Ok(Self {
            connection,
            checkpoint,
            environment,
            node,
            live,
            inbox,
            statements: Statements::new(backend),
            last,
            wary: 0,
        })
    }

    pub(super) fn node(&self) -> NodeId {
        self.node
    }

    /// Applies the whole batch and commits it, or changes nothing.
    pub(super) async fn commit(&mut self, batch: &[Command]) -> Result<Outcomes, StoreError> {
        let alone = self.connection.get_database_backend() != DbBackend::Postgres;
        if !alone || !batch.iter().all(Command::reads_only_what_is_committed) {
            return self.commit_in_steps(batch).await;
        }
        self.wary = self.wary.saturating_sub(1);
        if self.wary == 0 {
            match self.commit_at_once(batch, Repeats::Refused).await {
                Err(StoreError::Database(error)) if is_repeat(&error) => self.wary = WARY,
                other => return other,
            }
        }
        self.commit_at_once(batch, Repeats::LookedUp).await
    }

    async fn commit_in_steps(&self, batch: &[Command]) -> Result<Outcomes, StoreError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        let transaction = self.connection.begin_with_options(options).await?;
        let mut work = self.work(transaction);
        let mut each: Vec<Option<Outcome>> = batch.iter().map(|_| None).collect();
        let mut changes = work.accept(batch, Repeats::LookedUp, &mut each).await?;
        work.settle(batch, &mut each).await?;
        for (command, outcome) in
            batch.iter().zip(&mut each).filter(|(_, outcome)| outcome.is_none())
        {
            // Each of these may read what was written before it.
            work.flush().await?;
            *outcome = Some(work.apply(command).await?);
        }
        changes.extend(work.note_changes().await?);
        work.count();
        work.flush().await?;
        let Work { connection: transaction, last, .. } = work;
        transaction.commit().await?;
        Ok(Outcomes { each: each.into_iter().flatten().collect(), changes, last })
    }

    /// The same with the whole transaction sent as one text: on SQLite nobody else writes events and
    /// runs, so what is read before it still holds in it.
    async fn commit_at_once(
        &self,
        batch: &[Command],
        repeats: Repeats,
    ) -> Result<Outcomes, StoreError> {
        let mut work = self.work(self.connection.clone());
        let mut each: Vec<Option<Outcome>> = batch.iter().map(|_| None).collect();
        let mut changes = work.accept(batch, repeats, &mut each).await?;
        work.settle(batch, &mut each).await?;
        changes.extend(work.note_changes().await?);
        work.count();
        if let Some(written) = work.take_written("BEGIN IMMEDIATE;\n", "COMMIT;\n")
            && let Err(error) = self.connection.execute_raw(written).await
        {
            // Where SQLite has ended the transaction by itself this fails, as it should.
            let _ended = self.connection.execute_unprepared("ROLLBACK").await;
            return Err(error.into());
        }
        let last = work.last;
        Ok(Outcomes { each: each.into_iter().flatten().collect(), changes, last })
    }

    fn work<C: ConnectionTrait>(&self, connection: C) -> Work<'_, C> {
        Work {
            lane: self,
            connection,
            now: self.environment.clock.now(),
            tally: Tally::default(),
            last: self.last,
            changed: Vec::new(),
            pending: Vec::new(),
        }
    }

    /// Publishes what was committed, hands leased runs to the worker and answers the senders.
    pub(super) fn finish(&mut self, batch: impl Iterator<Item = Command>, outcomes: Outcomes) {
        self.last = outcomes.last;
        self.live.publish(outcomes.last, outcomes.changes);
        let mut queued = false;
        for (command, outcome) in batch.zip(outcomes.each) {
            let _gone = match (command, outcome) {
                (Command::Accept(arrival, reply), Outcome::Accepted(accepted, seq)) => {
                    if let Some(seq) = seq {
                        queued |= self.hand_over(arrival, seq);
                    }
                    reply.send(Ok(accepted)).is_err()
                }
                (Command::Accept(_, reply), Outcome::KeyReused) => {
                    reply.send(Err(StoreError::KeyReused)).is_err()
                }
                (Command::Record(progress, reply), Outcome::Recorded(held)) => {
                    queued |= progress.due_at.is_some() && !progress.keep_lease;
                    reply.send(Ok(held)).is_err()
                }
                (Command::Repair(.., reply), Outcome::Repaired(result)) => {
                    queued |= result.is_ok();
                    reply.send(*result).is_err()
                }
                (Command::Claim { reply, .. }, Outcome::Claimed(runs)) => {
                    reply.send(Ok(runs)).is_err()
                }
                (Command::Change(_, reply), Outcome::Changed(result)) => {
                    reply.send(result).is_err()
                }
                (Command::ExtendLeases(_, reply), _) => reply.send(Ok(())).is_err(),
                (_, _) => false,
            };
        }
        if queued {
            self.inbox.wake();
        }
    }

    /// What is to be done between two commits, when those who waited have been answered.
    pub(super) async fn tidy(&self) {
        let wanted = self.checkpoint.as_ref().is_some_and(Checkpoint::committed);
        if wanted && let Err(error) = checkpoint::copy(&self.connection).await {
            tracing::debug!(%error, "the log could not be copied to its end");
        }
    }

    /// Gives the runs leased at birth to the worker; says whether others wait in the queue.
    fn hand_over(&self, arrival: Arrival, event_seq: i64) -> bool {
        let mut queued = false;
        for run in arrival.runs {
            match run.permit {
                Some(permit) => self.inbox.assign(Assignment {
                    run: run.id,
                    event_seq,
                    event: Arc::clone(&arrival.event),
                    workflow: run.workflow,
                    trigger: run.trigger,
                    state: RunState::default(),
                    started_at: None,
                    permit,
                }),
                None => queued = true,
            }
        }
        queued
    }
}

fn is_repeat(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
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

impl<'l, C: ConnectionTrait> Work<'l, C> {
    pub(super) fn statements(&self) -> &'l Statements {
        &self.lane.statements
    }

    pub(super) fn batch(&self) -> Batch {
        self.statements().batch()
    }

    /// Writes a batch by a statement that has no other parameter. Reads do not see it before
    /// [`Self::flush`].
    pub(super) fn write(&mut self, sql: &'l str, batch: Batch) {
        if !batch.is_empty() {
            self.pending.push((sql, batch.into_value()));
        }
    }

    /// Sends what was written.
    async fn flush(&mut self) -> Result<(), StoreError> {
        if self.is_postgres() {
            for (sql, value) in std::mem::take(&mut self.pending) {
                self.connection.execute_raw(self.statements().with(sql, vec![value])).await?;
            }
        } else if let Some(written) = self.take_written("", "") {
            self.connection.execute_raw(written).await?;
        }
        Ok(())
    }

    /// All that was written as one text, which SQLite takes: each way to the connection's thread and
    /// back is a wait for two threads to be woken.
    fn take_written(&mut self, before: &str, after: &str) -> Option<Statement> {
        let pending = std::mem::take(&mut self.pending);
        if pending.is_empty() {
            return None;
        }
        let (mut text, mut values) = (before.to_owned(), Vec::with_capacity(pending.len()));
        for (sql, value) in pending {
            values.push(value);
            text.push_str(&sql.replace("$1", &format!("${}", values.len())));
            text.push_str(";\n");
        }
        text.push_str(after);
        Some(self.statements().with(&text, values))
    }

    pub(super) async fn read<T: FromQueryResult>(
        &self,
        sql: &str,
        batch: Batch,
    ) -> Result<Vec<T>, StoreError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let statement = self.statements().with_batch(sql, batch);
        Ok(T::find_by_statement(statement).all(&self.connection).await?)
    }

    pub(super) fn is_postgres(&self) -> bool {
        self.connection.get_database_backend() == DbBackend::Postgres
    }

    /// Hands out `count` numbers that follow the order of commits: on SQLite from memory, as this is
    /// the only writer; on Postgres from a sequence that all nodes share.
    pub(super) async fn numbers(
        &self,
        sequence: &str,
        last: i64,
        count: usize,
    ) -> Result<Vec<i64>, StoreError> {
        let count = count as i64;
        if count == 0 || !self.is_postgres() {
            return Ok((last + 1..=last + count).collect());
        }
        let sql = format!("SELECT nextval('{sequence}') AS number FROM generate_series(1, $1)");
        let statement = self.statements().with(&sql, vec![count.into()]);
        let rows = self.connection.query_all_raw(statement).await?;
        let mut numbers =
            rows.iter().map(|row| row.try_get("", "number")).collect::<Result<Vec<i64>, _>>()?;
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Writes the events that moved and numbers their changes for streams that resume.
    async fn note_changes(&mut self) -> Result<Vec<LiveChange>, StoreError> {
        if self.changed.is_empty() {
            return Ok(Vec::new());
        }
        let rows = std::mem::take(&mut self.changed);
        let first = self.last.change;
        let numbers = self.numbers("event_changes_seq", first, rows.len()).await?;
        let (mut events, mut notes) = (self.batch(), self.batch());
        let mut changes = Vec::with_capacity(rows.len());
        for (row, number) in rows.into_iter().zip(numbers) {
            self.last.change = number;
            events.push(&(
                row.seq,
                row.status.as_str(),
                row.processed_at.map(Timestamp::millis),
                row.runs_open,
                row.runs_failed,
                row.attempts,
                row.error.as_ref().map(|error| serde_json::json!(error).to_string()),
            ));
            notes.push(&(number, row.seq));
            changes.push(LiveChange { cursor: self.last, row: Arc::new(row) });
        }
        self.write(&self.statements().update_events, events);
        self.write(&self.statements().insert_changes, notes);
        if first / 1_000 != self.last.change / 1_000 {
            let oldest = self.last.change - CHANGES_KEPT;
            self.pending.push(("DELETE FROM event_changes WHERE id <= $1", oldest.into()));
        }
        Ok(changes)
    }

    fn count(&mut self) {
        let (mut statuses, mut rollups, mut latencies) = (self.batch(), self.batch(), self.batch());
        self.tally.statuses().for_each(|row| statuses.push(&row));
        self.tally.rollups().for_each(|row| rollups.push(&row));
        self.tally.latencies().for_each(|row| latencies.push(&row));
        self.write(&self.statements().add_status_counts, statuses);
        self.write(&self.statements().add_rollups, rollups);
        self.write(&self.statements().add_latencies, latencies);
    }
}

impl Work<'_, DatabaseTransaction> {
    async fn apply(&mut self, command: &Command) -> Result<Outcome, StoreError> {
        match command {
            Command::Repair(id, repair, _) => {
                Ok(Outcome::Repaired(Box::new(self.repair(*id, *repair).await?)))
            }
            Command::Claim { limit, .. } => Ok(Outcome::Claimed(self.claim(*limit).await?)),
            Command::ExtendLeases(runs, _) => {
                self.extend_leases(runs).await?;
                Ok(Outcome::Done)
            }
            Command::TouchKeys(used) => {
                let mut keys = self.batch();
                used.iter().for_each(|(id, at)| keys.push(&(id, at.millis())));
                self.write(&self.statements().touch_keys, keys);
                Ok(Outcome::Done)
            }
            Command::Change(change, _) => {
                // A savepoint of its own: what fails here undoes nothing else.
                let savepoint = self.connection.begin().await?;
                let result = (change.0)(&savepoint).await;
                match &result {
                    Ok(()) => savepoint.commit().await?,
                    Err(_) => savepoint.rollback().await?,
                }
                match result {
                    Err(error) if error.is_unavailable() => Err(error),
                    result => Ok(Outcome::Changed(result)),
                }
            }
            Command::Accept(..) | Command::Record(..) => Ok(Outcome::Done),
        }
    }

    /// The event as it stands in this transaction.
    pub(super) async fn find_event(&self, id: EventId) -> Result<Option<EventRow>, StoreError> {
        use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
        let found = event::Entity::find().filter(event::Column::Id.eq(id.to_string()));
        Ok(found.one(&self.connection).await?.map(EventRow::from))
    }
}
