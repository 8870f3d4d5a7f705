//! A definition tried on events that have come: how many it would have matched, and what that gains and
//! loses against the version in force. Nothing is run.
//!
//! Invariant: whatever is asked for, memory holds one page of events and at most a few MiB of their
//! payloads, and it ends in time; what was not reached is said.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio::sync::Semaphore;

use super::{Definition, Workflow};
use crate::Engine;
use crate::event::{Event, EventRow, EventType, Headers};
use crate::id::EventId;
use crate::run::scope::event_scope;
use crate::store::StoreError;
use crate::store::entity::{event, event_body};
use crate::time::Timestamp;

/// The most events that are looked at.
pub const MOST: u32 = 10_000;
/// How many of the gained and of the lost are named.
pub const SAMPLES: usize = 20;
const PAGE: u64 = 500;
/// Payloads in memory, in bytes; one that is larger comes alone.
const PAYLOADS: i64 = 4 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(15);

/// Each reads much: more at once would take the read pool from the pages.
static TURNS: Semaphore = Semaphore::const_new(2);

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Backtest {
    pub looked_at: u64,
    pub matched: u64,
    /// Matched by this definition, and not by the one in force.
    pub gained: u64,
    /// The other way round.
    pub lost: u64,
    pub gained_samples: Vec<Sample>,
    pub lost_samples: Vec<Sample>,
    /// When the oldest of them came.
    pub since: Option<Timestamp>,
    /// Time ran out before all were looked at.
    pub cut_short: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub id: EventId,
    pub event_type: EventType,
    pub source: String,
    pub received_at: Timestamp,
}

/// Looks at the `last` newest events. Without `against`, everything that matches is gained.
pub async fn backtest(
    engine: &Engine,
    definition: Definition,
    last: u32,
    against: Option<Arc<Workflow>>,
) -> Result<Backtest, StoreError> {
    let _turn = TURNS.acquire().await.map_err(|_| StoreError::Closed)?;
    let begun = Instant::now();
    let last = u64::from(last.min(MOST));
    let definition = Arc::new(definition);
    let mut result = Backtest::default();
    let mut before = i64::MAX;
    while result.looked_at < last {
        let rows = event::Entity::find()
            .filter(event::Column::Seq.lt(before))
            .order_by_desc(event::Column::Seq)
            .limit(PAGE.min(last - result.looked_at))
            .all(&engine.store.read)
            .await?;
        let Some(oldest) = rows.last() else { break };
        before = oldest.seq;
        let mut rows: Vec<EventRow> = rows.into_iter().map(EventRow::from).collect();
        while !rows.is_empty() {
            if begun.elapsed() > PATIENCE {
                result.cut_short = true;
                return Ok(result);
            }
            let count = fitting(&rows);
            let some: Vec<EventRow> = rows.drain(..count).collect();
            let bodies = bodies(engine, &some, &definition, against.as_deref()).await?;
            let (definition, against) = (Arc::clone(&definition), against.clone());
            // Expressions cost their own time; the tasks that answer requests must not wait for it.
            let judged = tokio::task::spawn_blocking(move || {
                judge(some, &bodies, &definition, against.as_deref(), &mut result);
                result
            });
            result = judged.await.map_err(|_| StoreError::Defect)?;
        }
    }
    Ok(result)
}

/// How many of the rows fit into memory with their payloads, at least one.
fn fitting(rows: &[EventRow]) -> usize {
    let mut room = PAYLOADS;
    let fits = |row: &&EventRow| {
        room -= row.payload_bytes;
        room >= 0
    };
    rows.iter().take_while(fits).count().max(1)
}

/// The payloads of those whose type alone does not decide.
async fn bodies(
    engine: &Engine,
    rows: &[EventRow],
    definition: &Definition,
    against: Option<&Workflow>,
) -> Result<HashMap<i64, Arc<str>>, StoreError> {
    let wanted = |row: &&EventRow| {
        needs_payload(definition, &row.event_type)
            || against.is_some_and(|old| needs_payload(&old.definition, &row.event_type))
    };
    let seqs: Vec<i64> = rows.iter().filter(wanted).map(|row| row.seq).collect();
    if seqs.is_empty() {
        return Ok(HashMap::new());
    }
    let found = event_body::Entity::find().filter(event_body::Column::Seq.is_in(seqs));
    let found = found.all(&engine.store.read).await?;
    Ok(found.into_iter().map(|body| (body.seq, body.payload.into())).collect())
}

fn needs_payload(definition: &Definition, event_type: &EventType) -> bool {
    let fitting = definition.triggers.iter().filter(|trigger| trigger.pattern.matches(event_type));
    fitting.into_iter().any(|trigger| trigger.filter.is_some())
}

/// Adds what the definitions make of the events. Pure.
fn judge(
    rows: Vec<EventRow>,
    bodies: &HashMap<i64, Arc<str>>,
    definition: &Definition,
    against: Option<&Workflow>,
    result: &mut Backtest,
) {
    for row in rows {
        let seq = row.seq;
        let event = as_it_came(row, bodies.get(&seq).cloned());
        let now = matches(definition, &event);
        let then = against.is_some_and(|old| matches(&old.definition, &event));
        result.looked_at += 1;
        result.since = Some(event.received_at);
        result.matched += u64::from(now);
        let (count, samples) = match (now, then) {
            (true, false) => (&mut result.gained, &mut result.gained_samples),
            (false, true) => (&mut result.lost, &mut result.lost_samples),
            _ => continue,
        };
        *count += 1;
        if samples.len() < SAMPLES {
            let Event { id, event_type, source, received_at, .. } = event;
            samples.push(Sample { id, event_type, source, received_at });
        }
    }
}

fn as_it_came(row: EventRow, payload: Option<Arc<str>>) -> Event {
    Event {
        id: row.id,
        event_id: row.event_id,
        event_type: row.event_type,
        source: row.source,
        subject: row.subject,
        received_at: row.received_at,
        occurred_at: row.occurred_at,
        payload: payload.unwrap_or_else(|| "null".into()),
        headers: Headers::default(),
        replay_of: row.replay_of,
        key_id: None,
    }
}

fn matches(definition: &Definition, event: &Event) -> bool {
    let fitting =
        definition.triggers.iter().filter(|trigger| trigger.pattern.matches(&event.event_type));
    let mut fitting = fitting.peekable();
    if fitting.peek().is_none() {
        return false;
    }
    let scope = std::cell::LazyCell::new(|| event_scope(event));
    fitting.any(|trigger| trigger.filter.as_ref().is_none_or(|filter| filter.accepts(&scope)))
}
