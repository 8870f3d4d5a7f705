//! What of steady time is kept: how far it has come, and the gap to the wall, for the next process.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement, Value};

use super::{SMALL, Steady};
use crate::Engine;
use crate::store::{Change, Store, StoreError};
use crate::time::Timestamp;

/// It is written down at least this often.
const EVERY: i64 = 60_000;

/// What was written down last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kept {
    at: Timestamp,
    gap: i64,
}

/// Takes steady time up where the last process left it, and gives the due times of all runs back to the
/// wall. Before anything is due.
pub(crate) async fn resume(store: &Store, steady: &Steady) -> Result<(), StoreError> {
    if store.is_shared() {
        return Ok(());
    }
    let sql = "SELECT at, gap FROM steady_time";
    let statement = Statement::from_string(store.read.get_database_backend(), sql);
    let Some(row) = store.read.query_one_raw(statement).await? else { return Ok(()) };
    let (at, gap): (i64, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    if gap != 0 {
        tracing::info!(
            gap,
            "the clock was set while the last process ran: what is due is moved along with it"
        );
        let moved = Change::new(move |transaction| {
            Box::pin(async move {
                let sql = "UPDATE runs SET due_at = due_at + $1 WHERE due_at IS NOT NULL";
                run(transaction, sql, [gap.into()]).await?;
                write(transaction, at.saturating_add(gap), 0).await
            })
        });
        store.writer.change(moved).await?;
    }
    steady.begin_after(Timestamp::from_millis(at.saturating_add(gap)));
    Ok(())
}

/// Writes down what has changed; what is kept from now on.
pub(crate) async fn keep(engine: &Engine, last: Option<Kept>) -> Result<Option<Kept>, StoreError> {
    let steady = Arc::clone(&engine.environment.steady);
    let now = Kept { at: steady.now(), gap: steady.gap() };
    let known =
        |last: Kept| now.at.millis_since(last.at) < EVERY && (now.gap - last.gap).abs() < SMALL;
    if engine.store.is_shared() || last.is_some_and(known) {
        return Ok(last);
    }
    write_down(engine, now).await?;
    Ok(Some(now))
}

/// Writes down how far time is, due or not: a row that is another each time, for who wants to see one written.
pub(crate) async fn keep_now(engine: &Engine) -> Result<(), StoreError> {
    let steady = &engine.environment.steady;
    write_down(engine, Kept { at: steady.now(), gap: steady.gap() }).await
}

async fn write_down(engine: &Engine, now: Kept) -> Result<(), StoreError> {
    let (at, gap) = (now.at.millis(), now.gap);
    let change = Change::new(move |transaction| Box::pin(write(transaction, at, gap)));
    engine.store.writer.change(change).await
}

async fn write(transaction: &DatabaseTransaction, at: i64, gap: i64) -> Result<(), StoreError> {
    let sql = "INSERT INTO steady_time (id, at, gap) VALUES (1, $1, $2)
        ON CONFLICT (id) DO UPDATE SET at = excluded.at, gap = excluded.gap";
    run(transaction, sql, [at.into(), gap.into()]).await
}

async fn run(
    transaction: &DatabaseTransaction,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<(), StoreError> {
    let backend = transaction.get_database_backend();
    transaction.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}
