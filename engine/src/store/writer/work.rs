//! What a batch of commands does: reads, writes that go out together, and what came of each.

use std::sync::Arc;

use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait,
    FromQueryResult, Statement, TransactionTrait, Value,
};

use super::lane::Lane;
use super::tally::Tally;
use super::turns::Turns;
use super::{Accepted, Claimed, Command, StoreError};
use crate::audit;
use crate::bulk::Operation;
use crate::erasure::Erasure;
use crate::event::EventRow;
use crate::event::repair::RepairError;
use crate::id::{AuditId, EventId, RunId};
use crate::live::{Cursor, LiveChange};
use crate::run::cancel::CancelError;
use crate::store::batch::Batch;
use crate::store::entity::{audit_entry, event};
use crate::store::statements::{OfRows, Statements, Written};
use crate::time::Timestamp;

/// How many status changes are kept for streams that resume.
const CHANGES_KEPT: i64 = 200_000;

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
    Cancelled(Result<(), CancelError>),
    Repaired(Box<Result<EventRow, RepairError>>),
    /// With the events that it brought.
    Bulk(Option<Box<(Operation, Vec<EventRow>)>>),
    Claimed(Vec<Claimed>),
    Changed(Result<(), StoreError>),
    Purged(u64),
    /// With the runs that are gone.
    Erased(Option<Box<(Erasure, Vec<RunId>)>>),
    Done,
}

/// What a batch does, on a transaction or, where all its writes go out at once, before one.
pub(super) struct Work<'l, C> {
    pub(super) lane: &'l Lane,
    pub(super) connection: C,
    /// What the wall shows.
    pub(super) now: Timestamp,
    /// What due times go by.
    pub(super) steady: Timestamp,
    pub(super) tally: Tally,
    pub(super) turns: Turns,
    pub(super) last: Cursor,
    pub(super) changed: Vec<EventRow>,
    /// Written, but not sent to the database yet.
    pending: Vec<Written<'l>>,
}

impl<'l, C: ConnectionTrait> Work<'l, C> {
    pub(super) fn new(
        lane: &'l Lane,
        connection: C,
        last: Cursor,
        now: Timestamp,
        steady: Timestamp,
    ) -> Self {
        let tally = Tally::new(lane.counts_by_source());
        let (turns, changed, pending) = (Turns::default(), Vec::new(), Vec::new());
        Self { lane, connection, now, steady, tally, turns, last, changed, pending }
    }

    pub(super) fn statements(&self) -> &'l Statements {
        &self.lane.statements
    }

    pub(super) fn batch(&self) -> Batch {
        self.statements().batch()
    }

    /// Writes a batch by a statement that has no other parameter. Reads do not see it before
    /// [`Self::flush`].
    pub(super) fn write(&mut self, rows: &'l OfRows, batch: Batch) {
        if !batch.is_empty() {
            self.pending.push(Written::Batch(rows, batch));
        }
    }

    /// The same for a statement whose parameter is one value.
    pub(super) fn write_one(&mut self, sql: &'l str, value: impl Into<Value>) {
        self.pending.push(Written::One(sql, value.into()));
    }

    /// Sends what was written.
    pub(super) async fn flush(&mut self) -> Result<(), StoreError> {
        if self.is_postgres() {
            for (sql, value) in self.take_pending().into_iter().map(Written::into_one) {
                self.connection.execute_raw(self.statements().with(sql, vec![value])).await?;
            }
        } else if let Some(written) = self.take_written() {
            self.connection.execute_raw(written).await?;
        }
        Ok(())
    }

    /// All that was written as one text, which SQLite takes: each way to the connection's thread and
    /// back is a wait for two threads to be woken.
    fn take_written(&mut self) -> Option<Statement> {
        let pending = self.take_pending();
        if pending.is_empty() {
            return None;
        }
        let (mut text, mut values) = (String::new(), Vec::with_capacity(pending.len()));
        for (sql, value) in pending.into_iter().map(Written::into_one) {
            values.push(value);
            text.push_str(&sql.replace("$1", &format!("${}", values.len())));
            text.push_str(";\n");
        }
        Some(self.statements().with(&text, values))
    }

    /// What was not sent yet.
    pub(super) fn take_pending(&mut self) -> Vec<Written<'l>> {
        std::mem::take(&mut self.pending)
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
    pub(super) async fn note_changes(&mut self) -> Result<Vec<LiveChange>, StoreError> {
        if self.changed.is_empty() {
            return Ok(Vec::new());
        }
        let mut rows = std::mem::take(&mut self.changed);
        rows.iter_mut().for_each(|row| self.tally.regrouped(row));
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
                &row.error_group,
                row.bulk,
            ));
            notes.push(&(number, row.seq));
            changes.push(LiveChange { cursor: self.last, row: Arc::new(row) });
        }
        self.write(&self.statements().update_events, events);
        self.write(&self.statements().insert_changes, notes);
        if first / 1_000 != self.last.change / 1_000 {
            let oldest = self.last.change - CHANGES_KEPT;
            self.write_one("DELETE FROM event_changes WHERE id <= $1", oldest);
        }
        Ok(changes)
    }

    pub(super) fn count(&mut self) {
        let (mut statuses, mut rollups, mut latencies) = (self.batch(), self.batch(), self.batch());
        self.tally.statuses().for_each(|row| statuses.push(&row));
        self.tally.rollups().for_each(|row| rollups.push(&row));
        self.tally.latencies().for_each(|row| latencies.push(&row));
        let mut sources = self.batch();
        self.tally.sources().for_each(|row| sources.push(&row));
        let mut runs = self.batch();
        self.tally.runs().for_each(|row| runs.push(&row));
        self.write(&self.statements().add_status_counts, statuses);
        self.write(&self.statements().add_source_counts, sources);
        self.write(&self.statements().add_rollups, rollups);
        self.write(&self.statements().add_latencies, latencies);
        let mut of_types = self.batch();
        self.tally.type_latencies().for_each(|row| of_types.push(&row));
        self.write(&self.statements().add_type_latencies, of_types);
        let (mut joined, mut left) = (self.batch(), self.batch());
        let now = self.now.millis();
        for (group, count) in self.tally.joined() {
            joined.push(&(
                &group.id,
                &group.workflow,
                &group.step,
                &group.code,
                group.http_status,
                &group.message,
                count,
                count,
                now,
                now,
            ));
        }
        self.tally.left_groups().for_each(|row| left.push(&row));
        self.write(&self.statements().add_to_error_groups, joined);
        self.write(&self.statements().take_from_error_groups, left);
        self.write(&self.statements().add_runs, runs);
    }
}

impl Work<'_, DatabaseTransaction> {
    pub(super) async fn apply(&mut self, command: &Command) -> Result<Outcome, StoreError> {
        match command {
            Command::Bulk(step, _) => Ok(Outcome::Bulk(self.bulk(step).await?.map(Box::new))),
            Command::Repair(mending, _) => {
                let repaired = self.repair(mending).await?;
                if let Some(entry) = mending.entry.as_ref().filter(|_| repaired.is_ok()) {
                    self.keep(entry, &self.connection).await?;
                }
                Ok(Outcome::Repaired(Box::new(repaired)))
            }
            Command::Cancel(cancel, entry, _) => {
                let cancelled = self.cancel(cancel).await?;
                if let Some(entry) = entry.as_ref().filter(|_| cancelled.is_ok()) {
                    self.keep(entry, &self.connection).await?;
                }
                Ok(Outcome::Cancelled(cancelled))
            }
            Command::Claim { limit, under_way, .. } => {
                self.renew_leases(under_way).await?;
                Ok(Outcome::Claimed(self.claim(*limit).await?))
            }
            Command::ExtendLeases(runs, _) => {
                self.extend_leases(runs).await?;
                Ok(Outcome::Done)
            }
            Command::GiveTurns(workflows, _) => {
                workflows.iter().for_each(|workflow| self.look_for_room(*workflow));
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
                let mut result = (change.apply)(&savepoint).await;
                if let Some(entry) = change.entry.as_ref().filter(|_| result.is_ok()) {
                    result = self.keep(entry, &savepoint).await;
                }
                match &result {
                    Ok(()) => savepoint.commit().await?,
                    Err(_) => savepoint.rollback().await?,
                }
                match result {
                    Err(error) if error.is_unavailable() => Err(error),
                    result => Ok(Outcome::Changed(result)),
                }
            }
            Command::Purge(seqs, _) => Ok(Outcome::Purged(self.purge(seqs).await?)),
            Command::Erase(step, _) => Ok(Outcome::Erased(self.erase(step).await?.map(Box::new))),
            Command::Accept(..) | Command::Record(..) | Command::Files(..) => Ok(Outcome::Done),
        }
    }

    /// Adds a line to the audit log.
    async fn keep(
        &self,
        entry: &audit::Row,
        transaction: &DatabaseTransaction,
    ) -> Result<(), StoreError> {
        let id = AuditId::new(self.lane.next_id());
        let model = audit_entry::ActiveModel::from(entry.model(id, self.now)).reset_all();
        audit_entry::Entity::insert(model).exec_without_returning(transaction).await?;
        Ok(())
    }

    /// The event as it stands in this transaction; no other node changes it until that has ended.
    pub(super) async fn find_event(&self, id: EventId) -> Result<Option<EventRow>, StoreError> {
        use sea_orm::{ColumnTrait, QueryFilter, QuerySelect};
        let found = event::Entity::find().filter(event::Column::Id.eq(id.to_string()));
        let found = found.lock_exclusive();
        Ok(found.one(&self.connection).await?.map(EventRow::from))
    }
}
