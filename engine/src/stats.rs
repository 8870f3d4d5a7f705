//! The numbers of the dashboard, read from counters and rollups, never from the events. Only the
//! quarantine, which is kept small, is counted as it is.

use sea_orm::{EntityTrait, FromQueryResult, Statement};

use crate::Engine;
use crate::event::EventStatus;
use crate::source::quarantine;
use crate::store::entity::status_count;
use crate::store::{StoreError, quantiles};

/// Latency quantiles look at the last hour.
const WINDOW_MINUTES: i64 = 60;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stats {
    pub pending: i64,
    pub processing: i64,
    pub processed: i64,
    pub failed: i64,
    /// Deliveries in quarantine.
    pub quarantined: i64,
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
    stats.quarantined = quarantine::counts(engine).await?.iter().map(|(_, held)| held).sum();
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
