//! One connection that commits batches.

use std::sync::Arc;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, SqlErr, SqliteTransactionMode,
    Statement, TransactionOptions, TransactionTrait,
};

use super::work::{Outcome, Repeats, Work};
use super::{Arrival, Command, StoreError};
use crate::Environment;
use crate::event::EventRow;
use crate::id::NodeId;
use crate::live::{Cursor, Live, LiveChange};
use crate::run::RunState;
use crate::run::worker::{Assignment, Inbox};
use crate::store::checkpoint::{self, Checkpoint};
use crate::store::statements::Statements;

pub(super) struct Lane {
    connection: DatabaseConnection,
    /// Only SQLite has a log to be copied.
    checkpoint: Option<Checkpoint>,
    environment: Environment,
    node: NodeId,
    live: Live,
    inbox: Inbox,
    pub(super) statements: Statements,
    /// The last sequence numbers committed (SQLite, where this is the only writer).
    last: Cursor,
    /// For how many commits repeats are still looked up first.
    wary: u32,
}

/// How long a repeat makes the lane wary: senders that repeat seldom do it once.
const WARY: u32 = 64;

pub(super) struct Outcomes {
    each: Vec<Outcome>,
    changes: Vec<LiveChange>,
    last: Cursor,
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
        work.accept(batch, repeats, &mut each).await?;
        work.settle(batch, &mut each).await?;
        let changes = work.note_changes().await?;
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
        Work::new(self, connection, self.last, self.environment.clock.now())
    }

    /// Publishes what was committed, hands leased runs to the worker and answers the senders, which
    /// empties the batch.
    pub(super) fn finish(&mut self, batch: &mut Vec<Command>, outcomes: Outcomes) {
        let Outcomes { each, changes, last } = outcomes;
        let before = std::mem::replace(&mut self.last, last);
        self.live.publish(last, || arrivals(batch, &each, before).chain(changes).collect());
        let mut queued = false;
        for (command, outcome) in batch.drain(..).zip(each) {
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

/// The events that were stored, as changes for those who watch.
fn arrivals<'b>(
    batch: &'b [Command],
    each: &'b [Outcome],
    before: Cursor,
) -> impl Iterator<Item = LiveChange> + 'b {
    batch.iter().zip(each).filter_map(move |(command, outcome)| match (command, outcome) {
        (Command::Accept(arrival, _), Outcome::Accepted(_, Some(seq))) => {
            let (event, preview) = (&arrival.event, &arrival.preview);
            let row = EventRow::arrived(event, preview, *seq, arrival.runs.len());
            let cursor = Cursor { seq: *seq, ..before };
            Some(LiveChange { cursor, row: Arc::new(row) })
        }
        _ => None,
    })
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
