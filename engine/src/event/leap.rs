//! Which values a column of the events has, found by leaping through its index from one to the next: what it
//! costs depends on how many values there are, not on how many events.

use sea_orm::{ConnectionTrait, Statement};

use super::filter::end_of_prefix;
use crate::Engine;
use crate::store::StoreError;

/// The first `most` values of an indexed column that begin with `prefix`, in their order.
pub(super) async fn values(
    engine: &Engine,
    column: &'static str,
    prefix: &str,
    most: usize,
) -> Result<Vec<String>, StoreError> {
    let read = &engine.store.read;
    let mut values = vec![prefix.into(), (most as i64).into()];
    let end = end_of_prefix(prefix);
    let below = if end.is_some() { format!("AND {column} < $3") } else { String::new() };
    values.extend(end.map(Into::into));
    // `MIN` above a bound is one step into the index.
    let sql = format!(
        "WITH RECURSIVE leaps (value) AS (
            SELECT (SELECT MIN({column}) FROM events WHERE {column} >= $1 {below})
            UNION ALL
            SELECT (SELECT MIN({column}) FROM events WHERE {column} > leaps.value {below})
            FROM leaps WHERE leaps.value IS NOT NULL
        ) SELECT value FROM leaps WHERE value IS NOT NULL LIMIT $2"
    );
    let statement = Statement::from_sql_and_values(read.get_database_backend(), sql, values);
    let rows = read.query_all_raw(statement).await?;
    rows.iter().map(|row| row.try_get_by_index(0).map_err(StoreError::from)).collect()
}
