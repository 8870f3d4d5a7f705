//! Asking the index, and asking the payloads themselves.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::Search;
use crate::Engine;
use crate::event::EventRow;
use crate::event::export::{bodies, fitting};
use crate::store::StoreError;

/// The numbers of at most `limit` events that are in the index under this, the newest first, between `after`
/// and `before`.
pub(crate) async fn older(
    engine: &Engine,
    search: &Search,
    after: i64,
    before: i64,
    limit: usize,
) -> Result<Vec<i64>, StoreError> {
    let read = &engine.store.read;
    let backend = read.get_database_backend();
    let (condition, asked) = match backend {
        DbBackend::Postgres => ("terms @@ CAST($1 AS tsquery)", search.for_postgres()),
        _ => ("event_search MATCH $1", search.for_sqlite()),
    };
    let sql = format!(
        "SELECT rowid AS seq FROM event_search WHERE {condition} AND rowid > $2 AND rowid < $3
         ORDER BY rowid DESC LIMIT $4"
    );
    let values = [asked.into(), after.into(), before.into(), (limit as i64).into()];
    let rows = read.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    rows.iter().map(|row| row.try_get_by_index(0).map_err(StoreError::from)).collect()
}

/// Those of the events that are looked for, by their payloads: the index may not have come to them yet.
pub async fn retain(
    engine: &Engine,
    search: &Search,
    mut rows: Vec<EventRow>,
) -> Result<Vec<EventRow>, StoreError> {
    let mut found = Vec::new();
    while !rows.is_empty() {
        let rest = rows.split_off(fitting(&rows));
        let bodies = bodies(engine, &rows).await?;
        let says = |row: &EventRow| {
            bodies.get(&row.seq).is_some_and(|(payload, _)| search.matches(payload))
        };
        found.extend(rows.into_iter().filter(says));
        rows = rest;
    }
    Ok(found)
}
