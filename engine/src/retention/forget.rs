//! Counters of minutes, lines of the audit log and what alerts said are kept for a stated time, with rules or
//! without. Senders choose types and sources, so a row for each of them and minute would be kept for ever
//! otherwise.
//!
//! They go in small batches with rests between them, as events do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, Statement, Value};

use crate::Engine;
use crate::id::{AlertTurnId, MessageId, first_audit_id_at, first_value_at};
use crate::store::{Change, StoreError};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Alerts look back the furthest: 31 days at most.
pub const FIGURES_KEPT: Duration = DAY.saturating_mul(32);
pub const AUDIT_KEPT: Duration = DAY.saturating_mul(366);
/// What rules of alerts did, and what became of it.
pub const ALERTS_KEPT: Duration = DAY.saturating_mul(90);

/// How many rows one transaction removes.
const BATCH: u64 = 500;

/// A table whose rows have their time.
struct Table {
    name: &'static str,
    /// The columns of its primary key.
    key: &'static str,
    /// Of these the one that says when.
    time: &'static str,
    /// What else must be so of a row that goes.
    only: &'static str,
}

impl Table {
    const fn new(name: &'static str, key: &'static str, time: &'static str) -> Self {
        Self { name, key, time, only: "TRUE" }
    }
}

const AUDIT: Table = Table::new("audit_entries", "id", "id");
const ALERT_TURNS: Table = Table::new("alert_history", "id", "id");
/// What is still to be brought stays.
const ALERT_MESSAGES: Table =
    Table { only: "due_at IS NULL", ..Table::new("alert_messages", "id", "id") };
const TYPE_LATENCIES: Table = Table::new("type_latencies", "hour, event_type, bucket", "hour");
const OF_MINUTES: [Table; 3] = [
    Table::new("event_rollups", "minute, event_type, source", "minute"),
    Table::new("latency_rollups", "minute, bucket", "minute"),
    Table::new("run_rollups", "minute, workflow_id, bucket", "minute"),
];

/// Removes all that was kept long enough; how many rows that were.
pub async fn forget(engine: &Engine) -> Result<u64, StoreError> {
    // A clock that was set ahead must not make everything old.
    let now = engine.now().min(engine.steady());
    let minute = now.minus(FIGURES_KEPT).minute();
    let mut removed = 0;
    for table in &OF_MINUTES {
        removed += table.forget(engine, minute.into()).await?;
    }
    removed += TYPE_LATENCIES.forget(engine, minute.div_euclid(60).into()).await?;
    removed += AUDIT.forget(engine, first_audit_id_at(now.minus(AUDIT_KEPT)).into()).await?;
    let told = first_value_at(now.minus(ALERTS_KEPT));
    removed += ALERT_TURNS.forget(engine, AlertTurnId::new(told).to_string().into()).await?;
    removed += ALERT_MESSAGES.forget(engine, MessageId::new(told).to_string().into()).await?;
    Ok(removed)
}

impl Table {
    /// Removes the rows from before `bound`.
    async fn forget(&self, engine: &Engine, bound: Value) -> Result<u64, StoreError> {
        let mut removed = 0;
        while self.has_older(engine, &bound).await? {
            let begun = Instant::now();
            removed += self.remove(engine, &bound).await?;
            // As long a rest as the work took: half of the writer's time is everybody else's.
            tokio::time::sleep(begun.elapsed()).await;
        }
        Ok(removed)
    }

    async fn has_older(&self, engine: &Engine, bound: &Value) -> Result<bool, StoreError> {
        let Self { name, time, only, .. } = self;
        let sql = format!("SELECT 1 FROM {name} WHERE {time} < $1 AND {only} LIMIT 1");
        let read = &engine.store.read;
        let backend = read.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, sql, [bound.clone()]);
        Ok(read.query_one_raw(statement).await?.is_some())
    }

    /// Removes the oldest of them, as many as a batch has.
    async fn remove(&self, engine: &Engine, bound: &Value) -> Result<u64, StoreError> {
        let Self { name, key, time, only } = self;
        let sql = format!(
            "DELETE FROM {name} WHERE {time} < $1 AND {only} AND ({key}) IN
                (SELECT {key} FROM {name} WHERE {time} < $1 AND {only} ORDER BY {key} LIMIT {BATCH})"
        );
        let removed = Arc::<AtomicU64>::default();
        let (bound, counted) = (bound.clone(), Arc::clone(&removed));
        let change = Change::new(move |transaction| {
            let backend = transaction.get_database_backend();
            let statement = Statement::from_sql_and_values(backend, &sql, [bound.clone()]);
            let counted = Arc::clone(&counted);
            Box::pin(async move {
                let done = transaction.execute_raw(statement).await?;
                counted.store(done.rows_affected(), Ordering::Relaxed);
                Ok(())
            })
        });
        engine.store.writer.change(change).await?;
        Ok(removed.load(Ordering::Relaxed))
    }
}
