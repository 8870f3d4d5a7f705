//! Which event types there are, and the newest events of several.
//!
//! Types are few beside events, so they are found by leaping through their index from one to the next.
//! Invariant: what a page costs depends on the types that match, not on how many events there are.

use sea_orm::sea_query::{Order, Query, SelectStatement, UnionType};
use sea_orm::{ColumnTrait, ConnectionTrait, Statement};

use super::filter::{EventFilter, end_of_prefix};
use super::{EventType, Pattern};
use crate::Engine;
use crate::store::StoreError;
use crate::store::entity::event;

/// How many types are looked at before it is given up to name those that match.
const LOOKED_AT: usize = 2_000;
/// Of so many types at most the events are looked for one type after the other.
const MOST: usize = 64;

/// What matches a pattern.
pub(super) enum Matching {
    /// These types, of all that there are.
    Only(Vec<String>),
    /// So many that the newest events are looked at one by one.
    Many,
}

pub(super) async fn matching(engine: &Engine, pattern: &Pattern) -> Result<Matching, StoreError> {
    let read = &engine.store.read;
    let mut values = vec![pattern.prefix().into(), (LOOKED_AT as i64).into()];
    let end = end_of_prefix(pattern.prefix());
    let below = if end.is_some() { "AND event_type < $3" } else { "" };
    values.extend(end.map(Into::into));
    // `MIN` above a bound is one step into the index.
    let sql = format!(
        "WITH RECURSIVE types (name) AS (
            SELECT (SELECT MIN(event_type) FROM events WHERE event_type >= $1 {below})
            UNION ALL
            SELECT (SELECT MIN(event_type) FROM events WHERE event_type > types.name {below})
            FROM types WHERE types.name IS NOT NULL
        ) SELECT name FROM types WHERE name IS NOT NULL LIMIT $2"
    );
    let statement = Statement::from_sql_and_values(read.get_database_backend(), sql, values);
    let rows = read.query_all_raw(statement).await?;
    let names = rows.iter().map(|row| row.try_get_by_index::<String>(0));
    let names = names.collect::<Result<Vec<_>, _>>()?;
    let seen_all = names.len() < LOOKED_AT;
    let fitting: Vec<_> =
        names.into_iter().filter(|name| pattern.matches(&EventType::stored(name))).collect();
    Ok(match seen_all && fitting.len() <= MOST {
        true => Matching::Only(fitting),
        false => Matching::Many,
    })
}

/// The numbers of the newest events of each of `types` under the rest of `filter`, older than `before`.
/// `None` when there are no types.
pub(super) fn newest(
    types: &[String],
    filter: &EventFilter,
    before: Option<i64>,
    limit: u64,
) -> Option<SelectStatement> {
    let of_one = |name: &String| {
        let mut newest = Query::select();
        newest
            .column(event::Column::Seq)
            .from(event::Entity)
            .cond_where(filter.condition_without_type())
            .and_where(event::Column::EventType.eq(name))
            .order_by(event::Column::Seq, Order::Desc)
            .limit(limit);
        if let Some(before) = before {
            newest.and_where(event::Column::Seq.lt(before));
        }
        // Only a query around it may have a limit and be part of a union.
        Query::select().column(event::Column::Seq).from_subquery(newest, "newest").take()
    };
    types.iter().map(of_one).reduce(|mut all, one| all.union(UnionType::All, one).take())
}
