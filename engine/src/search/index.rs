//! Keeps the index: follows the events in the order of their numbers, behind intake and never in its
//! transactions.
//!
//! Invariant: how far the index has come is written in the transaction of each of its batches, so a crash
//! neither repeats nor leaves out an event; and what is in it goes in the transaction that removes the
//! event.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement, Value};
use tokio::sync::Mutex;

use super::terms;
use crate::Engine;
use crate::pace::{HARDLY, Pace};
use crate::store::{Change, StoreError};
use crate::time::Timestamp;

/// How often it looks for what has come in.
const LOOK: Duration = Duration::from_millis(100);
/// After so many looks it asks the database, though this process has stored nothing new.
const ASK: u32 = 10;
/// How many events one transaction takes, and how many bytes of payloads where it takes more than one.
const BATCH: i64 = 128;
const BYTES: i64 = 256 << 10;
/// On Postgres, another node may commit a number after a greater one was indexed: so far back it is
/// looked for such events.
const LATE: i64 = 10_000;

/// How far the index has come, as this process knows it.
#[derive(Default)]
pub(crate) struct Index {
    position: AtomicI64,
    /// Held while a batch is made.
    turn: Mutex<()>,
}

/// How far the index is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Events that are not in it yet.
    pub behind: i64,
    /// When the last event came that is in it; `None` when there is none, or nothing is missing.
    pub indexed_to: Option<Timestamp>,
}

/// Runs until the engine stops.
pub(crate) async fn follow(engine: Engine) {
    let mut looks = ASK;
    // As long a rest as the work took: half of the writer's time is everybody else's.
    let mut pace = Pace::new(&engine.live, 1, HARDLY);
    loop {
        let known = engine.search.position.load(Ordering::Acquire);
        let mut rest = LOOK;
        if looks >= ASK || engine.live.cursor().seq > known {
            looks = 0;
            let begun = Instant::now();
            match batch(&engine).await {
                Ok(0) => {}
                Ok(_) => (looks, rest) = (ASK, pace.rest(&engine.live, begun.elapsed())),
                Err(error) => tracing::debug!(%error, "the search index could not go on"),
            }
        }
        looks += 1;
        tokio::select! {
            () = engine.stop.cancelled() => return,
            () = tokio::time::sleep(rest) => {}
        }
    }
}

/// Takes in all that is there now; how many events that were.
pub async fn catch_up(engine: &Engine) -> Result<u64, StoreError> {
    let mut indexed = 0;
    loop {
        match batch(engine).await? {
            0 => return Ok(indexed),
            more => indexed += more,
        }
    }
}

/// How many events that this process has stored are not in the index yet.
pub fn behind(engine: &Engine) -> i64 {
    (engine.live.cursor().seq - engine.search.position.load(Ordering::Acquire)).max(0)
}

pub async fn progress(engine: &Engine) -> Result<Progress, StoreError> {
    let behind = behind(engine);
    if behind == 0 {
        return Ok(Progress { behind, indexed_to: None });
    }
    let read = &engine.store.read;
    let last = Statement::from_sql_and_values(
        read.get_database_backend(),
        "SELECT received_at FROM events WHERE seq <= $1 ORDER BY seq DESC LIMIT 1",
        [engine.search.position.load(Ordering::Acquire).into()],
    );
    let last = read.query_one_raw(last).await?;
    let last = last.map(|row| row.try_get_by_index::<i64>(0)).transpose()?;
    Ok(Progress { behind, indexed_to: last.map(Timestamp::from_millis) })
}

#[derive(FromQueryResult)]
struct Weight {
    seq: i64,
    payload_bytes: i64,
}

#[derive(FromQueryResult)]
struct Body {
    seq: i64,
    payload: String,
}

/// Takes in the next events; how many these were.
async fn batch(engine: &Engine) -> Result<u64, StoreError> {
    let _turn = engine.search.turn.lock().await;
    // All up to here is committed: what the next query does not see of it was removed.
    let committed = engine.live.cursor().seq;
    let position = position(engine).await?;
    engine.search.position.fetch_max(position, Ordering::AcqRel);
    let after = "SELECT seq, payload_bytes FROM events WHERE seq > $1 ORDER BY seq LIMIT $2";
    let next: Vec<Weight> = rows(engine, after, [position.into(), BATCH.into()]).await?;
    let mut bytes = 0;
    let fits = |one: &&Weight| {
        bytes += one.payload_bytes;
        bytes <= BYTES
    };
    let count = next.iter().take_while(fits).count().max(1).min(next.len());
    let Some(last) = next[..count].last().map(|one| one.seq) else {
        engine.search.position.fetch_max(committed, Ordering::AcqRel);
        return latecomers(engine, position).await;
    };
    let between = "SELECT seq, payload FROM event_bodies WHERE seq > $1 AND seq <= $2 ORDER BY seq";
    let bodies = rows(engine, between, [position.into(), last.into()]).await?;
    match write(engine, &bodies, position, last).await {
        Ok(()) => {}
        // Another node took them.
        Err(StoreError::Conflict) => return Ok(count as u64),
        Err(error) => return Err(error),
    }
    engine.search.position.fetch_max(last, Ordering::AcqRel);
    Ok(count as u64)
}

/// What was committed after the index had passed its number.
async fn latecomers(engine: &Engine, position: i64) -> Result<u64, StoreError> {
    if !engine.store.is_shared() {
        return Ok(0);
    }
    let missing = "SELECT b.seq, b.payload FROM event_bodies b
        LEFT JOIN event_search s ON s.rowid = b.seq
        WHERE b.seq > $1 AND b.seq <= $2 AND s.rowid IS NULL ORDER BY b.seq LIMIT 8";
    let bodies: Vec<Body> =
        rows(engine, missing, [(position - LATE).into(), position.into()]).await?;
    if bodies.is_empty() {
        return Ok(0);
    }
    match write(engine, &bodies, position, position).await {
        Ok(()) | Err(StoreError::Conflict) => Ok(bodies.len() as u64),
        Err(error) => Err(error),
    }
}

async fn position(engine: &Engine) -> Result<i64, StoreError> {
    let read = &engine.store.read;
    let sql = "SELECT seq FROM search_position";
    let row = read.query_one_raw(Statement::from_string(read.get_database_backend(), sql)).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(0))
}

async fn rows<T: FromQueryResult>(
    engine: &Engine,
    sql: &str,
    values: [Value; 2],
) -> Result<Vec<T>, StoreError> {
    let read = &engine.store.read;
    let statement = Statement::from_sql_and_values(read.get_database_backend(), sql, values);
    Ok(T::find_by_statement(statement).all(read).await?)
}

/// Puts these into the index, unless it has moved from `from` meanwhile.
async fn write(engine: &Engine, bodies: &[Body], from: i64, to: i64) -> Result<(), StoreError> {
    let mut lines = Vec::with_capacity(bodies.len());
    for body in bodies {
        let terms = terms::of(&body.payload).into_iter().collect::<Vec<_>>().join("\n");
        lines.push((body.seq, terms));
    }
    let lines = serde_json::json!(lines).to_string();
    let change = Change::new(move |transaction| {
        let lines = lines.clone();
        Box::pin(async move {
            let backend = transaction.get_database_backend();
            // One that was removed meanwhile stays away.
            let insert = match backend {
                DbBackend::Postgres => {
                    "INSERT INTO event_search (rowid, terms)
                     SELECT (v->>0)::bigint, array_to_tsvector(string_to_array(v->>1, E'\\n'))
                     FROM json_array_elements($1::json) AS v
                     WHERE EXISTS (SELECT 1 FROM events e WHERE e.seq = (v->>0)::bigint)
                     ON CONFLICT (rowid) DO NOTHING"
                }
                _ => {
                    "INSERT INTO event_search (rowid, terms)
                     SELECT value->>0, value->>1 FROM json_each($1)
                     WHERE EXISTS (SELECT 1 FROM events e WHERE e.seq = value->>0)"
                }
            };
            let moved = Statement::from_sql_and_values(
                backend,
                "UPDATE search_position SET seq = $1 WHERE seq = $2",
                [to.into(), from.into()],
            );
            if transaction.execute_raw(moved).await?.rows_affected() == 0 {
                return Err(StoreError::Conflict);
            }
            let insert = Statement::from_sql_and_values(backend, insert, [lines.into()]);
            transaction.execute_raw(insert).await?;
            Ok(())
        })
    });
    engine.store.writer.change(change).await
}
