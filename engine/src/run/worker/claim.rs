//! Runs from the queue, and those that a dead process left: as many as there is room for are leased and read
//! together.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Statement};

use super::{Assignment, Floor, LEASE_MILLIS};
use crate::Engine;
use crate::event::{Event, EventType, read};
use crate::id::EventId;
use crate::run::room::{Free, Place};
use crate::store::entity::event;
use crate::store::{Change, Claimed, StoreError};
use crate::time::Timestamp;
use crate::workflow::list;

/// How many runs are claimed at once: senders wait for what these write. Where runs are known to wait, so many
/// free places are filled together, for a claim and its reads take nearly as long for one run as for many.
const AT_ONCE: usize = 96;
/// So many claims are made before anything else is looked after.
const AT_A_TIME: usize = 16;
/// Leases that were looked after so long ago may have run out.
const LATE_MILLIS: i64 = LEASE_MILLIS / 2;

/// What the last look at the queue has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Queue {
    /// Nothing is due.
    Empty,
    /// All that was due has been taken.
    Flows,
    /// Some may be left that wait for room.
    Waits,
}

impl Floor {
    /// Takes due runs as long as there is room and something is due; where runs are known to wait, only for
    /// as many as are worth it. Comes back after a few claims, for there are other rounds to make. Leases were
    /// looked after at `beaten` last.
    pub(super) async fn claim(&self, mut queue: Queue, beaten: Timestamp) -> Queue {
        for _ in 0..AT_A_TIME {
            // What is given back is due again.
            if self.stop.is_cancelled() {
                return Queue::Empty;
            }
            let least = if queue == Queue::Waits { AT_ONCE } else { 1 };
            // Nothing is taken to look: runs that are born meanwhile need the places.
            if self.engine.room.left_for_queued() < least {
                return Queue::Waits;
            }
            if queue != Queue::Waits && !self.is_any_due().await {
                return Queue::Empty;
            }
            // Room first: what is claimed begins at once, and nothing here waits for a run to end.
            let room = self.engine.room.for_queued(AT_ONCE);
            if room.is_empty() {
                return Queue::Waits;
            }
            let places = room.len();
            match self.claim_into(room, beaten).await {
                Ok(claimed) if claimed == places => queue = Queue::Waits,
                Ok(_) => return Queue::Flows,
                Err(error) => {
                    tracing::debug!(%error, "due runs could not be claimed");
                    return Queue::Empty;
                }
            }
        }
        Queue::Waits
    }

    /// Begins with as many due runs as there are places; says how many those are.
    async fn claim_into(&self, places: Vec<Free>, beaten: Timestamp) -> Result<usize, StoreError> {
        // One that was held up must not claim from itself what it is still at.
        let late = self.engine.steady().millis_since(beaten) > LATE_MILLIS;
        let under_way = if late { self.held.runs() } else { Vec::new() };
        let claiming = self.held.claiming();
        let claimed = self.engine.store.writer.claim(places.len(), under_way).await?;
        let count = claimed.len();
        match load(&self.engine, claimed, places).await {
            Ok(claimed) => claimed.into_iter().for_each(|(assignment, place)| {
                if let Some(under_way) = claiming.begin(assignment.run) {
                    self.start(assignment, under_way, Some(place));
                }
            }),
            Err(error) => {
                tracing::warn!(%error, "due runs could not be read; their leases run out");
            }
        }
        Ok(count)
    }

    /// On SQLite no other node exists, so a lease that names another is left over from a process that has
    /// died: its runs are due.
    pub(super) async fn inherit(&self) {
        if self.engine.store.is_shared() {
            return;
        }
        let now = self.engine.steady();
        let (node, until) = (self.engine.node.to_string(), now.plus_millis(LEASE_MILLIS));
        let inherit = Change::new(move |transaction| {
            let node = node.clone();
            Box::pin(async move {
                let sql = "UPDATE runs SET lease_owner = NULL, due_at = $1
                    WHERE due_at IS NOT NULL AND due_at <= $2 AND lease_owner <> $3";
                let values = [now.millis().into(), until.millis().into(), node.into()];
                let backend = transaction.get_database_backend();
                let statement = Statement::from_sql_and_values(backend, sql, values);
                transaction.execute_raw(statement).await?;
                Ok(())
            })
        });
        if let Err(error) = self.engine.store.writer.change(inherit).await {
            tracing::warn!(%error, "what an earlier process left is taken up when its leases have run out");
        }
    }

    /// A cheap look before a write transaction is spent on claiming.
    async fn is_any_due(&self) -> bool {
        let read = &self.engine.store.read;
        let sql = "SELECT 1 AS due FROM runs WHERE due_at IS NOT NULL AND due_at <= $1 LIMIT 1";
        let values = [self.engine.steady().millis().into()];
        let statement = Statement::from_sql_and_values(read.get_database_backend(), sql, values);
        read.query_one_raw(statement).await.is_ok_and(|row| row.is_some())
    }
}

/// The claimed runs with all they need, each with one of the places; what is left of those is free.
async fn load(
    engine: &Engine,
    claimed: Vec<Claimed>,
    places: Vec<Free>,
) -> Result<Vec<(Assignment, Place)>, StoreError> {
    let seqs = claimed.iter().filter(|run| run.state.event.is_none()).map(|run| run.event_seq);
    let events = stored(engine, seqs.collect()).await?;
    let mut assignments = Vec::with_capacity(claimed.len());
    for (run, place) in claimed.into_iter().zip(places) {
        let place = engine.room.give(place, run.workflow_id);
        assignments.extend(assign(engine, run, &events).await?.map(|found| (found, place)));
    }
    Ok(assignments)
}

async fn assign(
    engine: &Engine,
    claimed: Claimed,
    events: &HashMap<i64, Arc<Event>>,
) -> Result<Option<Assignment>, StoreError> {
    let workflow = list::version(engine, claimed.workflow_id, claimed.workflow_version).await?;
    let mut state = claimed.state;
    // It was due: that counts, for due times follow a clock that was set, and what the run remembers does not.
    let now = engine.steady();
    state.delayed_until = state.delayed_until.map(|until| until.min(now));
    state.held_since = state.held_since.map(|since| since.min(now));
    let event = match &state.event {
        Some(carried) => Some(Arc::new(carried.event())),
        None => events.get(&claimed.event_seq).cloned(),
    };
    let (Some(event), Some(workflow)) = (event, workflow) else {
        tracing::error!(run = %claimed.run, "the run's event or workflow is gone; it cannot go on");
        return Ok(None);
    };
    Ok(Some(Assignment {
        run: claimed.run,
        event_seq: claimed.event_seq,
        event,
        workflow,
        trigger: claimed.trigger,
        state,
        started_at: claimed.started_at,
    }))
}

/// The events with these numbers, whole, as they were received.
async fn stored(
    engine: &Engine,
    seqs: HashSet<i64>,
) -> Result<HashMap<i64, Arc<Event>>, StoreError> {
    if seqs.is_empty() {
        return Ok(HashMap::new());
    }
    let found = event::Entity::find().filter(event::Column::Seq.is_in(seqs.iter().copied()));
    let bodies = read::bodies(engine, seqs.iter().copied());
    let (found, bodies) = tokio::join!(found.all(&engine.store.read), bodies);
    let (found, mut bodies) = (found?, bodies?);
    let whole = |model: event::Model| {
        let (payload, headers) = bodies.remove(&model.seq).unwrap_or_default();
        let event = Event {
            id: model.id.parse().unwrap_or(EventId::new(0)),
            event_id: model.event_id,
            event_type: EventType::stored(&model.event_type),
            source: model.source,
            subject: model.subject,
            received_at: Timestamp::from_millis(model.received_at),
            occurred_at: model.occurred_at.map(Timestamp::from_millis),
            payload,
            headers,
            replay_of: model.replay_of.and_then(|id| id.parse().ok()),
            key_id: model.key_id.and_then(|id| id.parse().ok()),
        };
        (model.seq, Arc::new(event))
    };
    Ok(found.into_iter().map(whole).collect())
}
