//! What conditions on ids and times mean in numbers, by which lists go.
//!
//! Ids begin with the time, so ids and numbers grow together, and the index of ids says between which
//! numbers the events of some time lie. Invariant: a list costs what it shows, however many events are
//! newer or older than that. (Of events that came while a clock was set back, by more than it had moved
//! since, a list by time may leave some out.)

use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement, UnionType};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, QueryResult};

use super::filter::end_of_prefix;
use super::{EventFilter, leap};
use crate::Engine;
use crate::id::first_event_id_at;
use crate::store::StoreError;
use crate::store::entity::event;
use crate::time::Timestamp;

/// An id is made just before its event goes to the writer, who numbers what has queued up: not so many
/// events can overtake another.
const OVERTAKING: u64 = 16_384;
/// Servers that share a database have clocks and queues of their own: they are no further apart than this.
const APART_MILLIS: i64 = 60 * 60 * 1_000;
/// Of so many events at most the numbers are named.
const NAMED: u64 = 2_000;
/// Beyond so many sources their events are not looked for one source after the other.
const SOURCES: usize = 64;

/// All events of a filter have a number above `after` and below `before`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) after: i64,
    pub(super) before: i64,
}

impl Span {
    /// Where the times of `filter` say that its events are, for a page that begins below `before`.
    pub(super) async fn of(
        engine: &Engine,
        filter: &EventFilter,
        before: Option<i64>,
    ) -> Result<Self, StoreError> {
        let after = match filter.from {
            Some(from) => lowest(engine, from).await?.map_or(i64::MAX, |lowest| lowest - 1),
            None => 0,
        };
        // A page that goes on begins below the end already.
        let before = match (before, filter.to) {
            (Some(before), _) => before,
            (None, Some(to)) => highest(engine, to).await?.map_or(0, |highest| highest + 1),
            (None, None) => i64::MAX,
        };
        Ok(Self { after, before })
    }
}

/// The lowest number of the events that were received at `from` or later. Whatever was overtaken by fewer
/// than are looked at is among them, or has a higher number than one of them.
async fn lowest(engine: &Engine, from: Timestamp) -> Result<Option<i64>, StoreError> {
    let from = first_event_id_at(from.plus_millis(-apart(engine)));
    let nearest = nearest(event::Column::Id.gte(from), Order::Asc);
    extreme(engine, nearest, Expr::col(event::Column::Seq).min()).await
}

/// The highest number of the events that were received before `to`.
async fn highest(engine: &Engine, to: Timestamp) -> Result<Option<i64>, StoreError> {
    let to = first_event_id_at(to.plus_millis(apart(engine)));
    let nearest = nearest(event::Column::Id.lt(to), Order::Desc);
    extreme(engine, nearest, Expr::col(event::Column::Seq).max()).await
}

fn apart(engine: &Engine) -> i64 {
    match engine.store.read.get_database_backend() {
        DbBackend::Postgres => APART_MILLIS,
        _ => 0,
    }
}

fn nearest(beyond: Expr, order: Order) -> SelectStatement {
    Query::select()
        .column(event::Column::Seq)
        .from(event::Entity)
        .and_where(beyond)
        .order_by(event::Column::Id, order)
        .limit(OVERTAKING)
        .take()
}

async fn extreme(
    engine: &Engine,
    nearest: SelectStatement,
    which: Expr,
) -> Result<Option<i64>, StoreError> {
    let mut query = Query::select();
    query.expr_as(which, "seq").from_subquery(nearest, "nearest");
    Ok(numbers(engine, &query).await?.first().copied())
}

/// The numbers of the events whose id, or sender's id, begins with `beginning`, in no order. `None` when
/// there are too many to name them: then they are found soon by looking at one event after the other.
pub(super) async fn named(
    engine: &Engine,
    beginning: &str,
) -> Result<Option<Vec<i64>>, StoreError> {
    let sources = leap::values(engine, "source", "", SOURCES + 1).await?;
    if sources.len() > SOURCES {
        return Ok(None);
    }
    let end = end_of_prefix(beginning);
    let begins = |column: event::Column| {
        let mut query = Query::select();
        query
            .column(event::Column::Seq)
            .from(event::Entity)
            .and_where(column.gte(beginning))
            .limit(NAMED + 1);
        if let Some(end) = &end {
            query.and_where(column.lt(end));
        }
        query
    };
    let by_sender = sources.iter().map(|source| {
        begins(event::Column::EventId).and_where(event::Column::Source.eq(source)).take()
    });
    let each = [begins(event::Column::Id)].into_iter().chain(by_sender);
    let Some(mut all) = together(each, UnionType::Distinct) else { return Ok(None) };
    let found = numbers(engine, all.limit(NAMED + 1)).await?;
    Ok((found.len() as u64 <= NAMED).then_some(found))
}

/// What any of these queries for numbers finds, each within its own limit; `None` when there are no queries.
pub(super) fn together(
    each: impl Iterator<Item = SelectStatement>,
    union: UnionType,
) -> Option<SelectStatement> {
    // Only a query around it may have a limit and be part of a union.
    let around =
        |one| Query::select().column(event::Column::Seq).from_subquery(one, "limited").take();
    each.map(around).reduce(|mut all, one| all.union(union, one).take())
}

/// The first column of what the query finds, as far as there is a number in it.
async fn numbers(engine: &Engine, query: &SelectStatement) -> Result<Vec<i64>, StoreError> {
    let read = &engine.store.read;
    let rows = read.query_all_raw(read.get_database_backend().build(query)).await?;
    let number = |row: &QueryResult| row.try_get_by_index::<Option<i64>>(0).transpose();
    Ok(rows.iter().filter_map(number).collect::<Result<_, _>>()?)
}
