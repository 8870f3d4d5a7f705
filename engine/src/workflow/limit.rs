//! How many runs of a workflow may be at work at once, as of its version in force. It counts for runs of
//! older versions too, as long as they wait, and outlives the workflow for those that it has left.

use sea_orm::{ConnectionTrait, Statement};

use crate::store::StoreError;

/// Keeps the limit, or that there is none any more.
pub(super) async fn keep(
    transaction: &impl ConnectionTrait,
    workflow: &str,
    most: Option<u32>,
) -> Result<(), StoreError> {
    let sql = match most {
        Some(_) => {
            "INSERT INTO turn_limits (workflow_id, room) VALUES ($1, $2)
             ON CONFLICT (workflow_id) DO UPDATE SET room = excluded.room"
        }
        None => "UPDATE turn_limits SET room = $2 WHERE workflow_id = $1",
    };
    let values = [workflow.into(), most.map(i64::from).into()];
    let backend = transaction.get_database_backend();
    transaction.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}
