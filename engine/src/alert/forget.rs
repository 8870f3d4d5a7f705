//! Forgetting what was told long ago: turns of the history, and messages that wait for nothing any more.
//!
//! Invariant: a message that is still to be brought stays.

use std::time::Duration;

use sea_orm::{ConnectionTrait, Statement};

use crate::Engine;
use crate::id::{AlertTurnId, MessageId, first_value_at};
use crate::store::{Change, StoreError};

/// How long is kept what rules did, and what became of it.
const KEPT: Duration = Duration::from_secs(90 * 24 * 3600);
/// How many lines one transaction removes.
const BATCH: u64 = 500;

/// Removes what is older.
pub async fn forget_old(engine: &Engine) -> Result<(), StoreError> {
    // A clock that was set ahead must not make everything old.
    let before = first_value_at(engine.now().min(engine.steady()).minus(KEPT));
    let (turn, message) = (AlertTurnId::new(before), MessageId::new(before));
    remove(engine, "alert_history WHERE", turn.to_string()).await?;
    remove(engine, "alert_messages WHERE due_at IS NULL AND", message.to_string()).await
}

/// Removes those of `old` whose id is smaller, in small batches, so that nobody who writes waits for long.
async fn remove(engine: &Engine, old: &'static str, before: String) -> Result<(), StoreError> {
    let read = &engine.store.read;
    let backend = read.get_database_backend();
    let batch = format!("SELECT id FROM {old} id < $1 ORDER BY id LIMIT {BATCH}");
    loop {
        let batch = Statement::from_sql_and_values(backend, &batch, [before.clone().into()]);
        let ids = read.query_all_raw(batch).await?;
        let Some(last) = ids.last() else { return Ok(()) };
        let last: String = last.try_get_by_index(0)?;
        let change = Change::new(move |transaction| {
            let sql = format!("DELETE FROM {old} id <= $1");
            let removal = Statement::from_sql_and_values(backend, sql, [last.clone().into()]);
            Box::pin(async move {
                transaction.execute_raw(removal).await?;
                Ok(())
            })
        });
        engine.store.writer.change(change).await?;
    }
}
