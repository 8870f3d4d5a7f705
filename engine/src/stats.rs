//! The numbers of the dashboard, read from counters and rollups, never from the events. Only the
//! quarantine, which is kept small, is counted as it is.

pub mod growth;
pub mod overview;

use sea_orm::{ConnectionTrait, DatabaseConnection, EntityTrait, FromQueryResult, Statement};

use crate::Engine;
use crate::alert::rule;
use crate::event::EventStatus;
use crate::search::index;
use crate::source::quarantine;
use crate::store::entity::status_count;
use crate::store::{StoreError, health, quantiles};
use crate::time::Timestamp;

/// Latency quantiles look at the last hour.
const WINDOW_MINUTES: i64 = 60;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stats {
    pub pending: i64,
    pub processing: i64,
    pub processed: i64,
    pub failed: i64,
    /// Events that the search index has not come to yet.
    pub search_behind: i64,
    /// Deliveries in quarantine.
    pub quarantined: i64,
    /// Alert rules that fire.
    pub alerts_firing: u64,
    /// Milliseconds from acceptance to settling, events with runs, last hour.
    pub latency: Option<[i64; 3]>,
    /// Events accepted per second over this minute and the last.
    pub per_second: f64,
}

pub async fn current(engine: &Engine) -> Result<Stats, StoreError> {
    #[derive(FromQueryResult)]
    struct Bucket {
        bucket: i64,
        count: i64,
    }
    #[derive(FromQueryResult)]
    struct Accepted {
        accepted: Option<i64>,
    }
    let read = &engine.store.read;
    let now = engine.now();
    let backend = read.get_database_backend();
    let mut stats = Stats::default();
    for row in status_count::Entity::find().all(read).await? {
        match row.status.parse() {
            Ok(EventStatus::Pending) => stats.pending = row.count,
            Ok(EventStatus::Processing) => stats.processing = row.count,
            Ok(EventStatus::Processed) => stats.processed = row.count,
            Ok(EventStatus::Failed) => stats.failed = row.count,
            Err(_) => {}
        }
    }
    stats.search_behind = index::behind(engine);
    stats.quarantined = quarantine::counts(engine).await?.iter().map(|(_, held)| held).sum();
    stats.alerts_firing = rule::firing(engine).await?;
    let sql = "SELECT bucket, CAST(SUM(count) AS BIGINT) AS count FROM latency_rollups
        WHERE minute > $1 GROUP BY bucket ORDER BY bucket";
    let since = (now.minute() - WINDOW_MINUTES).into();
    let buckets =
        Bucket::find_by_statement(Statement::from_sql_and_values(backend, sql, [since])).all(read);
    let counts: Vec<(i64, i64)> =
        buckets.await?.iter().map(|row| (row.bucket, row.count)).collect();
    stats.latency = quantiles(&counts, [0.5, 0.95, 0.99]);

    let sql =
        "SELECT CAST(SUM(accepted) AS BIGINT) AS accepted FROM event_rollups WHERE minute >= $1";
    let since = (now.minute() - 1).into();
    let accepted =
        Accepted::find_by_statement(Statement::from_sql_and_values(backend, sql, [since]));
    let accepted = accepted.one(read).await?.and_then(|row| row.accepted).unwrap_or(0);
    let seconds = 60 + now.millis().rem_euclid(60_000) / 1_000;
    stats.per_second = accepted as f64 / seconds as f64;
    Ok(stats)
}

/// How things stand in the store right now, for monitoring.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// Events in each status, in the order of [`EventStatus::ALL`].
    pub events: [i64; 4],
    /// For how long the oldest dead letter has waited.
    pub oldest_dead_letter_millis: Option<i64>,
    pub size: health::Size,
}

/// In the order of [`EventStatus::ALL`].
async fn by_status(read: &DatabaseConnection) -> Result<[i64; 4], StoreError> {
    let mut events = [0; 4];
    for row in status_count::Entity::find().all(read).await? {
        if let Ok(status) = row.status.parse::<EventStatus>() {
            events[status as usize] = row.count;
        }
    }
    Ok(events)
}

pub async fn standing(engine: &Engine) -> Result<Standing, StoreError> {
    let read = &engine.store.read;
    let events = by_status(read).await?;
    let sql = "SELECT processed_at FROM events WHERE status = 'failed' ORDER BY seq LIMIT 1";
    let oldest = Statement::from_string(read.get_database_backend(), sql);
    let oldest = read.query_one_raw(oldest).await?;
    let oldest = oldest.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?.flatten();
    Ok(Standing {
        events,
        oldest_dead_letter_millis: oldest
            .map(|failed| engine.now().millis_since(Timestamp::from_millis(failed)).max(0)),
        size: health::size(&engine.store).await?,
    })
}
