//! Finding what an erasure is for, a piece at a time.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::Criterion;
use crate::Engine;
use crate::event::EventRow;
use crate::event::export::after;
use crate::run::RunState;
use crate::store::StoreError;
use crate::store::entity::{event, quarantine, run};

/// How many events are looked at, at most, where their payloads decide.
const PAGE: u64 = 200;
/// How many numbers are looked through where the row decides: a read that takes long would keep the log.
const STRETCH: i64 = 20_000;
/// How many go in one transaction.
const BATCH: usize = 100;
/// How many emits lead on from an event at most; a chain that is longer has ended as a loop.
const DEEPEST: usize = 8;

/// What was found up to an event.
pub(super) struct Found {
    pub rows: Vec<EventRow>,
    pub upto: i64,
}

/// The next events that fit, after `position`; `None` when all up to `upper` have been looked at.
pub(super) async fn next(
    engine: &Engine,
    criterion: &Arc<Criterion>,
    position: i64,
    upper: i64,
) -> Result<Option<Found>, StoreError> {
    if position >= upper {
        return Ok(None);
    }
    let mut found = match &**criterion {
        Criterion::Subject(subject) => by_subject(engine, subject, position, upper).await?,
        Criterion::Payload { .. } => by_payload(engine, criterion, position, upper).await?,
    };
    let mut newest = found.rows.clone();
    for _ in 0..DEEPEST {
        newest = emitted(engine, &newest).await?;
        newest.retain(|row| found.rows.iter().all(|known| known.seq != row.seq));
        if newest.is_empty() {
            break;
        }
        found.rows.extend(newest.iter().cloned());
    }
    Ok(Some(found))
}

async fn by_subject(
    engine: &Engine,
    subject: &str,
    position: i64,
    upper: i64,
) -> Result<Found, StoreError> {
    let end = upper.min(position + STRETCH);
    let rows = event::Entity::find()
        .filter(event::Column::Seq.gt(position))
        .filter(event::Column::Seq.lte(end))
        .filter(event::Column::Subject.eq(subject))
        .order_by_asc(event::Column::Seq)
        .limit(BATCH as u64)
        .all(&engine.store.read)
        .await?;
    let full = rows.len() == BATCH;
    let upto = rows.last().filter(|_| full).map_or(end, |last| last.seq);
    Ok(Found { rows: rows.into_iter().map(EventRow::from).collect(), upto })
}

async fn by_payload(
    engine: &Engine,
    criterion: &Arc<Criterion>,
    position: i64,
    upper: i64,
) -> Result<Found, StoreError> {
    let (mut rows, bodies) = after(engine, position, upper, PAGE).await?;
    let Some(upto) = rows.last().map(|row| row.seq) else { return Ok(Found { rows, upto: upper }) };
    let criterion = Arc::clone(criterion);
    // Parsing costs its own time; the tasks that answer requests must not wait for it.
    let judged = tokio::task::spawn_blocking(move || {
        let fits = |row: &EventRow| {
            bodies.get(&row.seq).is_some_and(|(payload, _)| criterion.fits_text(payload))
        };
        rows.retain(fits);
        rows
    });
    Ok(Found { rows: judged.await.map_err(|_| StoreError::Defect)?, upto })
}

/// The events that runs of these emitted.
async fn emitted(engine: &Engine, rows: &[EventRow]) -> Result<Vec<EventRow>, StoreError> {
    let mut found = Vec::new();
    for some in rows.chunks(BATCH) {
        let runs: Vec<String> = run::Entity::find()
            .select_only()
            .column(run::Column::Id)
            .filter(run::Column::EventSeq.is_in(some.iter().map(|row| row.seq)))
            .into_tuple()
            .all(&engine.store.read)
            .await?;
        for some in runs.chunks(BATCH) {
            // An emitted event is named by its run and step, and `;` comes after `:`.
            let of_run = |run: &String| {
                Condition::all()
                    .add(event::Column::EventId.gte(format!("{run}:")))
                    .add(event::Column::EventId.lt(format!("{run};")))
            };
            let any = some.iter().map(of_run).fold(Condition::any(), Condition::add);
            let events = event::Entity::find()
                .filter(event::Column::Source.eq(crate::run::emit::SOURCE))
                .filter(any);
            let events = events.all(&engine.store.read).await?;
            found.extend(events.into_iter().map(EventRow::from));
        }
    }
    Ok(found)
}

/// How many runs these events have.
pub(super) async fn runs(engine: &Engine, rows: &[EventRow]) -> Result<i64, StoreError> {
    let of = run::Column::EventSeq.is_in(rows.iter().map(|row| row.seq));
    let count = run::Entity::find().filter(of).count(&engine.store.read).await?;
    Ok(count.try_into().unwrap_or(i64::MAX))
}

/// The deliveries in quarantine that fit.
pub(super) async fn deliveries(
    engine: &Engine,
    criterion: &Criterion,
) -> Result<Vec<String>, StoreError> {
    let (mut found, mut after) = (Vec::new(), String::new());
    if let Criterion::Subject(_) = criterion {
        return Ok(found);
    }
    loop {
        let page = quarantine::Entity::find()
            .filter(quarantine::Column::Id.gt(after.as_str()))
            .order_by_asc(quarantine::Column::Id)
            .limit(50)
            .all(&engine.store.read)
            .await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = last.id.clone();
        let fits = |held: &quarantine::Model| {
            BASE64_STANDARD.decode(&held.body).is_ok_and(|body| criterion.fits_body(&body))
        };
        found.extend(page.into_iter().filter(fits).map(|held| held.id));
    }
}

/// The test runs on made up events that fit.
pub(super) async fn test_runs(
    engine: &Engine,
    criterion: &Criterion,
) -> Result<Vec<String>, StoreError> {
    let all = run::Entity::find().filter(run::Column::EventSeq.eq(crate::run::trial::NO_EVENT));
    let fits = |run: &run::Model| {
        let state: RunState = serde_json::from_str(&run.state).unwrap_or_default();
        state.event.is_some_and(|carried| {
            let event = carried.event();
            criterion.fits_subject(event.subject.as_deref()) || criterion.fits_text(&event.payload)
        })
    };
    let found = all.all(&engine.store.read).await?;
    Ok(found.into_iter().filter(fits).map(|run| run.id).collect())
}
