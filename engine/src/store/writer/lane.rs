//! One connection that commits batches.

use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, FromQueryResult,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};

use super::tally::Tally;
use super::{Accepted, Arrival, Claimed, Command, StoreError};
use crate::Environment;
use crate::event::repair::RepairError;
use crate::event::{Event, EventRow, EventStatus};
use crate::id::{EventId, NodeId};
use crate::live::{Cursor, Live, LiveChange};
use crate::run::worker::{Assignment, Inbox, LEASE_MILLIS};
use crate::run::{RunState, RunStatus};
use crate::store::entity::{event, run};
use crate::store::statements::{Batch, Statements};
use crate::time::Timestamp;

/// How many status changes are kept for streams that resume.
const CHANGES_KEPT: i64 = 200_000;

pub(super) struct Lane {
    connection: DatabaseConnection,
    environment: Environment,
    node: NodeId,
    live: Live,
    inbox: Inbox,
    pub(super) statements: Statements,
    /// The last sequence numbers committed (SQLite, where this is the only writer).
    last: Cursor,
}

/// What a transaction found out for each of its commands, in their order.
pub(super) enum Outcome {
    Accepted(Accepted, Option<i64>),
    Recorded(bool),
    Repaired(Result<EventRow, RepairError>),
    Claimed(Vec<Claimed>),
    Changed(Result<(), StoreError>),
    Done,
}

pub(super) struct Outcomes {
    each: Vec<Outcome>,
    changes: Vec<LiveChange>,
    last: Cursor,
}

/// One transaction under way.
pub(super) struct Work<'l> {
    pub(super) lane: &'l Lane,
    pub(super) transaction: DatabaseTransaction,
    pub(super) now: Timestamp,
    pub(super) tally: Tally,
    pub(super) last: Cursor,
    pub(super) changed: Vec<EventRow>,
}

impl Lane {
    pub(super) async fn open(
        connection: DatabaseConnection,
        environment: Environment,
        node: NodeId,
        live: Live,
        inbox: Inbox,
    ) -> Result<Self, StoreError> {
        let backend = connection.get_database_backend();
        let last = last_cursor(&connection).await?;
        live.start_at(last);
        Ok(Self { connection, environment, node, live, inbox, statements: Statements::new(backend), last })
    }

    pub(super) fn node(&self) -> NodeId {
        self.node
    }

    /// Applies the whole batch and commits it, or changes nothing.
    pub(super) async fn commit(&mut self, batch: &[Command]) -> Result<Outcomes, StoreError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        let transaction = self.connection.begin_with_options(options).await?;
        let now = self.environment.clock.now();
        let mut work = Work {
            lane: self,
            transaction,
            now,
            tally: Tally::default(),
            last: self.last,
            changed: Vec::new(),
        };
        let mut each: Vec<Option<Outcome>> = batch.iter().map(|_| None).collect();
        let mut changes = work.accept(batch, &mut each).await?;
        work.settle(batch, &mut each).await?;
        for (command, outcome) in batch.iter().zip(&mut each).filter(|(_, outcome)| outcome.is_none()) {
            *outcome = Some(work.apply(command).await?);
        }
        changes.extend(work.note_changes().await?);
        work.count().await?;
        let Work { transaction, last, .. } = work;
        transaction.commit().await?;
        Ok(Outcomes { each: each.into_iter().flatten().collect(), changes, last })
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
                (Command::Record(progress, reply), Outcome::Recorded(held)) => {
                    queued |= progress.due_at.is_some() && !progress.keep_lease;
                    reply.send(Ok(held)).is_err()
                }
                (Command::Repair(.., reply), Outcome::Repaired(result)) => {
                    queued |= result.is_ok();
                    reply.send(result).is_err()
                }
                (Command::Claim { reply, .. }, Outcome::Claimed(runs)) => reply.send(Ok(runs)).is_err(),
                (Command::Change(_, reply), Outcome::Changed(result)) => reply.send(result).is_err(),
                (Command::ExtendLeases(_, reply), _) => reply.send(Ok(())).is_err(),
                (_, _) => false,
            };
        }
        if queued {
            self.inbox.wake();
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

impl Work<'_> {
    pub(super) async fn write(&self, sql: &str, batch: Batch) -> Result<(), StoreError> {
        if !batch.is_empty() {
            let statement = self.lane.statements.with_batch(sql, batch.into_json());
            self.transaction.execute_raw(statement).await?;
        }
        Ok(())
    }

    pub(super) async fn read<T: FromQueryResult>(&self, sql: &str, batch: Batch) -> Result<Vec<T>, StoreError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let statement = self.lane.statements.with_batch(sql, batch.into_json());
        Ok(T::find_by_statement(statement).all(&self.transaction).await?)
    }

    fn is_postgres(&self) -> bool {
        self.transaction.get_database_backend() == DbBackend::Postgres
    }

    /// Hands out `count` numbers that follow the order of commits: on SQLite from memory, as this is
    /// the only writer; on Postgres from a sequence that all nodes share.
    async fn numbers(&self, sequence: &str, last: i64, count: usize) -> Result<Vec<i64>, StoreError> {
        let count = count as i64;
        if count == 0 || !self.is_postgres() {
            return Ok((last + 1..=last + count).collect());
        }
        let sql = format!("SELECT nextval('{sequence}') AS number FROM generate_series(1, $1)");
        let statement = self.lane.statements.with(&sql, vec![count.into()]);
        let rows = self.transaction.query_all_raw(statement).await?;
        let mut numbers = rows.iter().map(|row| row.try_get("", "number")).collect::<Result<Vec<i64>, _>>()?;
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Stores the new events of the batch with their runs; those already there answer with the first.
    async fn accept(
        &mut self,
        batch: &[Command],
        each: &mut [Option<Outcome>],
    ) -> Result<Vec<LiveChange>, StoreError> {
        let arrivals = batch.iter().enumerate().filter_map(|(at, command)| match command {
            Command::Accept(arrival, _) => Some((at, arrival)),
            _ => None,
        });
        let arrivals: Vec<(usize, &Arrival)> = arrivals.collect();
        if arrivals.is_empty() {
            return Ok(Vec::new());
        }
        let mut known = self.known(&arrivals).await?;
        let mut new = Vec::with_capacity(arrivals.len());
        for (at, arrival) in arrivals {
            let identity = || (arrival.event.source.clone(), arrival.event.event_id.clone());
            if arrival.named {
                if let Some(first) = known.get(&identity()) {
                    each[at] = Some(Outcome::Accepted(first.clone(), None));
                    continue;
                }
                let status = EventRow::arrived(&arrival.event, 0, arrival.runs.len()).status;
                let first = Accepted { id: arrival.event.id, status, duplicate: true };
                known.insert(identity(), first);
            }
            new.push((at, arrival));
        }
        self.insert(new, each).await
    }

    /// The events already stored under the names that arrive.
    async fn known(
        &self,
        arrivals: &[(usize, &Arrival)],
    ) -> Result<HashMap<(String, String), Accepted>, StoreError> {
        #[derive(FromQueryResult)]
        struct Known {
            source: String,
            event_id: String,
            id: String,
            status: String,
        }
        let mut names = Batch::new();
        for (_, arrival) in arrivals.iter().filter(|(_, arrival)| arrival.named) {
            names.push(&(&arrival.event.source, &arrival.event.event_id));
        }
        let found = self.read::<Known>(&self.lane.statements.known_events, names).await?;
        let accepted = |found: Known| {
            let id = found.id.parse().unwrap_or(EventId::new(0));
            let status = found.status.parse().unwrap_or(EventStatus::Pending);
            ((found.source, found.event_id), Accepted { id, status, duplicate: true })
        };
        Ok(found.into_iter().map(accepted).collect())
    }

    async fn insert(
        &mut self,
        new: Vec<(usize, &Arrival)>,
        each: &mut [Option<Outcome>],
    ) -> Result<Vec<LiveChange>, StoreError> {
        let numbers = self.numbers("events_seq", self.last.seq, new.len()).await?;
        let (mut events, mut bodies, mut runs) = (Batch::new(), Batch::new(), Batch::new());
        let mut changes = Vec::new();
        let watched = self.lane.live.is_watched();
        for ((at, arrival), seq) in new.into_iter().zip(numbers) {
            self.last.seq = seq;
            let event: &Event = &arrival.event;
            let row = EventRow::arrived(event, seq, arrival.runs.len());
            events.push(&(
                seq,
                row.id,
                &row.event_id,
                row.event_type.as_str(),
                &row.source,
                &row.subject,
                row.status.as_str(),
                row.received_at.millis(),
                row.occurred_at.map(Timestamp::millis),
                row.processed_at.map(Timestamp::millis),
                &row.payload_preview,
                row.payload_bytes,
                row.runs_open,
                row.replay_of,
                event.key_id,
                row.runs_failed,
            ));
            bodies.push(&(seq, &*event.payload, serde_json::json!(*event.headers).to_string()));
            for run in &arrival.runs {
                let leased = run.permit.is_some();
                let due_at = if leased { self.now.plus_millis(LEASE_MILLIS) } else { self.now };
                runs.push(&(
                    run.id,
                    seq,
                    run.workflow.id,
                    &run.workflow.definition.name,
                    run.workflow.version,
                    run.trigger,
                    RunStatus::Queued.as_str(),
                    due_at.millis(),
                    leased.then_some(self.lane.node),
                    "{}",
                    0,
                    self.now.millis(),
                ));
            }
            self.tally.arrived(&row);
            each[at] = Some(Outcome::Accepted(
                Accepted { id: row.id, status: row.status, duplicate: false },
                Some(seq),
            ));
            if watched {
                changes.push(LiveChange { cursor: self.last, row: Arc::new(row) });
            }
        }
        let statements = &self.lane.statements;
        self.write(&statements.insert_events, events).await?;
        self.write(&statements.insert_bodies, bodies).await?;
        self.write(&statements.insert_runs, runs).await?;
        Ok(changes)
    }

    async fn apply(&mut self, command: &Command) -> Result<Outcome, StoreError> {
        match command {
            Command::Repair(id, repair, _) => Ok(Outcome::Repaired(self.repair(*id, *repair).await?)),
            Command::Claim { limit, .. } => Ok(Outcome::Claimed(self.claim(*limit).await?)),
            Command::ExtendLeases(runs, _) => {
                let mut ids = Batch::new();
                runs.iter().for_each(|run| ids.push(&[run]));
                let until = self.now.plus_millis(LEASE_MILLIS).millis();
                let values = vec![ids.into_json().into(), until.into(), self.lane.node.to_string().into()];
                let statement = self.lane.statements.with(&self.lane.statements.extend_leases, values);
                self.transaction.execute_raw(statement).await?;
                Ok(Outcome::Done)
            }
            Command::TouchKeys(used) => {
                let mut keys = Batch::new();
                used.iter().for_each(|(id, at)| keys.push(&(id, at.millis())));
                self.write(&self.lane.statements.touch_keys, keys).await?;
                Ok(Outcome::Done)
            }
            Command::Change(change, _) => {
                // A savepoint of its own: what fails here undoes nothing else.
                let savepoint = self.transaction.begin().await?;
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

    /// Leases up to `limit` runs that are due to this node. On SQLite no other node exists, so a
    /// lease that names another is left over from a process that has died.
    async fn claim(&self, limit: usize) -> Result<Vec<Claimed>, StoreError> {
        let postgres = self.is_postgres();
        let horizon = if postgres { self.now } else { self.now.plus_millis(LEASE_MILLIS) };
        let skip = if postgres { "FOR UPDATE SKIP LOCKED" } else { "" };
        let sql = format!(
            "UPDATE runs SET lease_owner = $1, due_at = $2 WHERE id IN (
                SELECT id FROM runs WHERE due_at IS NOT NULL AND due_at <= $3
                    AND (due_at <= $4 OR (lease_owner IS NOT NULL AND lease_owner <> $1))
                ORDER BY due_at LIMIT $5 {skip}
             ) RETURNING *"
        );
        let lease = self.now.plus_millis(LEASE_MILLIS).millis();
        let values = vec![
            self.lane.node.to_string().into(),
            lease.into(),
            horizon.millis().into(),
            self.now.millis().into(),
            (limit as i64).into(),
        ];
        let statement = self.lane.statements.with(&sql, values);
        let models = run::Model::find_by_statement(statement).all(&self.transaction).await?;
        let claimed = |model: run::Model| {
            Some(Claimed {
                run: model.id.parse().ok()?,
                event_seq: model.event_seq,
                workflow_id: model.workflow_id.parse().ok()?,
                workflow_version: model.workflow_version,
                trigger: usize::try_from(model.trigger_index).ok()?,
                state: serde_json::from_str(&model.state).unwrap_or_default(),
                started_at: model.started_at.map(Timestamp::from_millis),
            })
        };
        Ok(models.into_iter().filter_map(claimed).collect())
    }

    /// Writes the events that moved and numbers their changes for streams that resume.
    async fn note_changes(&mut self) -> Result<Vec<LiveChange>, StoreError> {
        if self.changed.is_empty() {
            return Ok(Vec::new());
        }
        let rows = std::mem::take(&mut self.changed);
        let first = self.last.change;
        let numbers = self.numbers("event_changes_seq", first, rows.len()).await?;
        let (mut events, mut notes) = (Batch::new(), Batch::new());
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
        self.write(&self.lane.statements.update_events, events).await?;
        self.write(&self.lane.statements.insert_changes, notes).await?;
        if first / 1_000 != self.last.change / 1_000 {
            let trim = "DELETE FROM event_changes WHERE id <= $1";
            let statement = self.lane.statements.with(trim, vec![(self.last.change - CHANGES_KEPT).into()]);
            self.transaction.execute_raw(statement).await?;
        }
        Ok(changes)
    }

    async fn count(&self) -> Result<(), StoreError> {
        let (mut statuses, mut rollups, mut latencies) = (Batch::new(), Batch::new(), Batch::new());
        self.tally.statuses().for_each(|row| statuses.push(&row));
        self.tally.rollups().for_each(|row| rollups.push(&row));
        self.tally.latencies().for_each(|row| latencies.push(&row));
        let statements = &self.lane.statements;
        self.write(&statements.add_status_counts, statuses).await?;
        self.write(&statements.add_rollups, rollups).await?;
        self.write(&statements.add_latencies, latencies).await
    }

    /// The event as it stands in this transaction.
    pub(super) async fn find_event(&self, id: EventId) -> Result<Option<EventRow>, StoreError> {
        use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
        let found = event::Entity::find().filter(event::Column::Id.eq(id.to_string()));
        Ok(found.one(&self.transaction).await?.map(EventRow::from))
    }
}
