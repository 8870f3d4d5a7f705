//! What a rule reads: counters and rollups, never the events.
//!
//! Rollups know whole minutes, so they are read from the minute on in which a window begins. What is read
//! covers all of the window and less than a minute more: nothing falls between two readings, and an absence
//! has lasted as long as it says.

use sea_orm::{FromQueryResult, Statement, Value};

use super::{Condition, Window};
use crate::Engine;
use crate::event::{EventType, Pattern};
use crate::shape::read;
use crate::store::{StoreError, quantiles};
use crate::time::Timestamp;

#[derive(FromQueryResult)]
struct Sums {
    event_type: String,
    source: String,
    accepted: i64,
    processed: i64,
    failed: i64,
}

/// What there was within a window.
#[derive(Default)]
struct Counted {
    accepted: f64,
    processed: f64,
    failed: f64,
}

/// The value in the condition's own unit: events, percent or milliseconds. `None` where there is too
/// little to judge by.
pub(super) async fn read(
    engine: &Engine,
    condition: &Condition,
    since: Timestamp,
    now: Timestamp,
) -> Result<Option<f64>, StoreError> {
    let first = |window: &Window| now.minus(window.0).minute();
    match condition {
        Condition::FailedEvents { window, event_type, source, .. } => {
            let counted = count(engine, first(window), event_type, source).await?;
            Ok(Some(counted.failed))
        }
        Condition::FailureRate { at_least, window, event_type, source, .. } => {
            let counted = count(engine, first(window), event_type, source).await?;
            let settled = counted.processed + counted.failed;
            let enough = settled >= f64::from((*at_least).max(1));
            Ok(enough.then(|| 100.0 * counted.failed / settled))
        }
        Condition::Absence { window, event_type, source } => {
            // Before the rule is as old as its window, nothing can have been missed.
            if now < since.plus(window.0) {
                return Ok(None);
            }
            let counted = count(engine, first(window), event_type, source).await?;
            Ok(Some(counted.accepted))
        }
        Condition::DeadLetters { .. } => {
            one(engine, "SELECT count FROM status_counts WHERE status = 'failed'", Vec::new())
                .await
                .map(Some)
        }
        Condition::Latency { percentile, window, .. } => {
            latency(engine, first(window), f64::from(*percentile) / 100.0).await
        }
        Condition::SchemaDrift { window, event_type } => {
            let pattern = event_type.as_ref().and_then(|text| Pattern::parse(text).ok());
            let fits = |name: &str| {
                pattern.as_ref().is_none_or(|pattern| pattern.matches(&EventType::stored(name)))
            };
            let found = read::drifts_since(engine, now.minus(window.0)).await?;
            let counts = found.iter().filter(|(name, _)| fits(name)).map(|(_, count)| *count);
            Ok(Some(counts.sum::<i64>() as f64))
        }
        Condition::Rejected { window, source, .. } => {
            let after = now.minus(window.0).millis();
            let (clause, values) = match source {
                Some(source) => (" AND source = $2", vec![after.into(), source.as_str().into()]),
                None => ("", vec![after.into()]),
            };
            let sql =
                format!("SELECT COUNT(*) AS count FROM quarantine WHERE received_at > $1{clause}");
            one(engine, &sql, values).await.map(Some)
        }
    }
}

async fn one(engine: &Engine, sql: &str, values: Vec<Value>) -> Result<f64, StoreError> {
    let read = &engine.store.read;
    let statement = Statement::from_sql_and_values(read.get_database_backend(), sql, values);
    let row = sea_orm::ConnectionTrait::query_one_raw(read, statement).await?;
    let count = row.map(|row| row.try_get::<i64>("", "count")).transpose()?;
    Ok(count.unwrap_or(0) as f64)
}

/// Sums over the minutes from `first` on; types and sources are few beside events.
async fn count(
    engine: &Engine,
    first: i64,
    event_type: &Option<String>,
    source: &Option<String>,
) -> Result<Counted, StoreError> {
    let read = &engine.store.read;
    let sql = "SELECT event_type, source, CAST(SUM(accepted) AS BIGINT) AS accepted,
            CAST(SUM(processed) AS BIGINT) AS processed, CAST(SUM(failed) AS BIGINT) AS failed
        FROM event_rollups WHERE minute >= $1 GROUP BY event_type, source";
    let backend = read.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, [first.into()]);
    let pattern = event_type.as_ref().and_then(|text| Pattern::parse(text).ok());
    let mut counted = Counted::default();
    for sums in Sums::find_by_statement(statement).all(read).await? {
        let fits_type = pattern.as_ref().is_none_or(|pattern| {
            EventType::parse(&sums.event_type).is_ok_and(|name| pattern.matches(&name))
        });
        if fits_type && source.as_ref().is_none_or(|source| *source == sums.source) {
            counted.accepted += sums.accepted as f64;
            counted.processed += sums.processed as f64;
            counted.failed += sums.failed as f64;
        }
    }
    Ok(counted)
}

async fn latency(engine: &Engine, first: i64, share: f64) -> Result<Option<f64>, StoreError> {
    #[derive(FromQueryResult)]
    struct Bucket {
        bucket: i64,
        count: i64,
    }
    let read = &engine.store.read;
    let sql = "SELECT bucket, CAST(SUM(count) AS BIGINT) AS count FROM latency_rollups
        WHERE minute >= $1 GROUP BY bucket ORDER BY bucket";
    let backend = read.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, [first.into()]);
    let buckets = Bucket::find_by_statement(statement).all(read).await?;
    let counts: Vec<_> = buckets.iter().map(|row| (row.bucket, row.count)).collect();
    Ok(quantiles(&counts, [share]).map(|[millis]| millis as f64))
}
