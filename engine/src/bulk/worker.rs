//! Works operations off, a batch at a time and with a breath after each, so that events coming in
//! have the writer to themselves in between.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio_util::sync::CancellationToken;

use super::canary::{self, Verdict};
use super::{Action, Operation, State};
use crate::Engine;
use crate::event::export::{bodies, fitting};
use crate::event::repair::Repair;
use crate::event::replay::again;
use crate::event::{EventFilter, EventRow, EventStatus, read};
use crate::id::{BulkId, EventId};
use crate::intake;
use crate::store::entity::{bulk_operation, event};
use crate::store::{Arrival, BulkDeed, BulkStep, StoreError};

/// Operations are looked for at least this often, also without a wake-up.
const POLL: Duration = Duration::from_millis(1_000);
/// How often the events of a canary are looked at.
const WATCH: Duration = Duration::from_millis(150);
/// The shortest breath between two batches; after a slow one it is as long as that took.
const BREATH: Duration = Duration::from_millis(4);

pub(crate) async fn work(engine: Engine, stop: CancellationToken) {
    let mut desk = Worker { engine, fragile: HashSet::new() };
    loop {
        let begun = Instant::now();
        let pause = match desk.round(&stop).await {
            Ok(Round::Worked) => begun.elapsed().max(BREATH),
            Ok(Round::Waits) => WATCH,
            Ok(Round::Idle) => POLL,
            Err(error) => {
                tracing::debug!(%error, "operations on many events could not go on");
                POLL
            }
        };
        let wake = async {
            match pause >= WATCH {
                true => desk.engine.bulk.wake.notified().await,
                false => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
            () = wake => {}
        }
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Round {
    Idle,
    Waits,
    Worked,
}

struct Worker {
    engine: Engine,
    /// Operations of which a batch could not be written: one event at a time shows which it is.
    fragile: HashSet<BulkId>,
}

impl Worker {
    /// A step of each operation that is open.
    async fn round(&mut self, stop: &CancellationToken) -> Result<Round, StoreError> {
        let mut round = Round::Idle;
        for operation in open(&self.engine).await? {
            if stop.is_cancelled() {
                break;
            }
            round = round.max(self.step(operation).await?);
        }
        Ok(round)
    }

    async fn step(&mut self, operation: Operation) -> Result<Round, StoreError> {
        let (id, position) = (operation.id, operation.position);
        let Some(deed) = self.next(&operation).await? else { return Ok(Round::Waits) };
        match self.engine.store.writer.bulk(BulkStep { id, position, deed }).await {
            Ok(Some(operation)) => self.engine.bulk.publish(operation),
            // Somebody cancelled it, or another node was quicker.
            Ok(None) => {}
            Err(error) if error.is_unavailable() => return Err(error),
            Err(error) => {
                tracing::warn!(operation = %id, %error, "a batch could not be written");
                if !self.fragile.insert(id) {
                    self.give_up_one(&operation).await?;
                }
            }
        }
        Ok(Round::Worked)
    }

    /// What comes next; `None` while it waits.
    async fn next(&self, operation: &Operation) -> Result<Option<BulkDeed>, StoreError> {
        if operation.state == State::Paused {
            let statuses = statuses(&self.engine, &operation.watched).await?;
            return Ok(match canary::verdict(operation.phase, &statuses) {
                Verdict::Wait => None,
                Verdict::GoOn(phase) => Some(BulkDeed::GoOn(phase)),
                Verdict::Stop(reason) => Some(BulkDeed::Stop(reason)),
            });
        }
        let Ok(filter) = operation.filter.events(operation.action) else {
            return Ok(Some(BulkDeed::Stop("its filter is not understood any more".into())));
        };
        let mut rows = self.batch(operation, &filter).await?;
        if rows.is_empty() {
            return Ok(Some(BulkDeed::Finish));
        }
        let repair = match operation.action {
            Action::Retry => Repair::Retry,
            Action::Resolve => Repair::MarkProcessed,
            Action::Delete => Repair::Delete,
            Action::Replay => {
                rows.truncate(fitting(&rows));
                let upto = rows.last().map_or(operation.position, |row| row.seq);
                let count = rows.len();
                let arrivals = replays(&self.engine, rows).await?;
                let gone = (count - arrivals.len()) as i64;
                return Ok(Some(BulkDeed::Replay { arrivals, gone, upto }));
            }
        };
        let upto = rows.last().map_or(operation.position, |row| row.seq);
        let events = rows.into_iter().map(|row| row.id).collect();
        let note = operation.note.clone().map(|note| (operation.created_by.clone(), note));
        Ok(Some(BulkDeed::Repair { repair, events, filter: Box::new(filter), note, upto }))
    }

    async fn batch(
        &self,
        operation: &Operation,
        filter: &EventFilter,
    ) -> Result<Vec<EventRow>, StoreError> {
        let limit = match self.fragile.contains(&operation.id) {
            true => 1,
            false => canary::allowance(operation.phase),
        };
        read::after(&self.engine, filter, operation.position, operation.upper_seq, limit).await
    }

    /// Counts the next event as failed and goes on with those behind it.
    async fn give_up_one(&self, operation: &Operation) -> Result<(), StoreError> {
        let (id, position) = (operation.id, operation.position);
        let Ok(filter) = operation.filter.events(operation.action) else { return Ok(()) };
        let Some(row) = self.batch(operation, &filter).await?.pop() else { return Ok(()) };
        let deed = BulkDeed::GiveUp { upto: row.seq };
        if let Some(operation) =
            self.engine.store.writer.bulk(BulkStep { id, position, deed }).await?
        {
            self.engine.bulk.publish(operation);
        }
        Ok(())
    }
}

async fn open(engine: &Engine) -> Result<Vec<Operation>, StoreError> {
    // Written out, so that the partial index of the open ones applies.
    let open = sea_orm::sea_query::Expr::cust("state IN ('planned', 'running', 'paused')");
    let query = bulk_operation::Entity::find().filter(open);
    let query = query.order_by_asc(bulk_operation::Column::Id);
    Ok(query.all(&engine.store.read).await?.into_iter().map(Operation::from).collect())
}

async fn statuses(engine: &Engine, ids: &[EventId]) -> Result<Vec<EventStatus>, StoreError> {
    let query = event::Entity::find()
        .select_only()
        .column(event::Column::Status)
        .filter(event::Column::Id.is_in(ids.iter().map(ToString::to_string)));
    let found: Vec<String> = query.into_tuple().all(&engine.store.read).await?;
    Ok(found.iter().filter_map(|status| status.parse().ok()).collect())
}

/// The events as new ones, each naming the first, matched against the triggers of today. Their runs
/// wait in the queue: the worker's room is for what comes in.
async fn replays(engine: &Engine, rows: Vec<EventRow>) -> Result<Vec<Arrival>, StoreError> {
    let mut bodies = bodies(engine, &rows).await?;
    let arrival = |row: EventRow| {
        let (payload, headers) = bodies.remove(&row.seq)?;
        let event = again(engine, row, payload, headers);
        Some(intake::queued(engine, Arc::new(event)))
    };
    Ok(rows.into_iter().filter_map(arrival).collect())
}
