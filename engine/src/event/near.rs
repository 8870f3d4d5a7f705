//! What conditions on ids and times mean in numbers, by which lists go.
//!
//! Ids begin with the time, so ids and numbers grow together, and the index of ids says between which
//! numbers the events of some time lie. Invariant: a list costs what it shows, however many events are
//! newer or older than that.

use sea_orm::sea_query::{Order, Query, SelectStatement, UnionType};
use sea_orm::{ColumnTrait, DbBackend, FromQueryResult};

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
        let (from, to) = (filter.from, filter.to);
        let after = match from {
            Some(from) => beside(engine, from, Side::Older).await?,
            None => None,
        };
        let end = match to {
            Some(to) => beside(engine, to, Side::Newer).await?,
            None => None,
        };
        let before = before.into_iter().chain(end).min().unwrap_or(i64::MAX);
        Ok(Self { after: after.unwrap_or(0), before })
    }
}

#[derive(Clone, Copy)]
enum Side {
    Older,
    Newer,
}

/// The number of an event that is surely older, or newer, than all that were received on the other side
/// of `at`; `None` when there is none.
async fn beside(engine: &Engine, at: Timestamp, side: Side) -> Result<Option<i64>, StoreError> {
    let read = &engine.store.read;
    let (apart, overtaking) = match read.get_database_backend() {
        DbBackend::Postgres => (APART_MILLIS, 0),
        _ => (0, OVERTAKING),
    };
    let mut query = Query::select();
    query.column(event::Column::Seq).from(event::Entity).limit(1).offset(overtaking);
    match side {
        Side::Older => query
            .and_where(event::Column::Id.lt(first_event_id_at(at.plus_millis(-apart))))
            .order_by(event::Column::Id, Order::Desc),
        Side::Newer => query
            .and_where(event::Column::Id.gte(first_event_id_at(at.plus_millis(apart))))
            .order_by(event::Column::Id, Order::Asc),
    };
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
    // Only a query around it may have a limit and be part of a union.
    let all = [begins(event::Column::Id)]
        .into_iter()
        .chain(by_sender)
        .map(|one| Query::select().column(event::Column::Seq).from_subquery(one, "named").take());
    let all = all.reduce(|mut all, one| all.union(UnionType::Distinct, one).take());
    let Some(mut all) = all else { return Ok(None) };
    let found = numbers(engine, all.limit(NAMED + 1)).await?;
    Ok((found.len() as u64 <= NAMED).then_some(found))
}

async fn numbers(engine: &Engine, query: &SelectStatement) -> Result<Vec<i64>, StoreError> {
    #[derive(FromQueryResult)]
    struct Number {
        seq: i64,
    }
    let read = &engine.store.read;
    let statement = read.get_database_backend().build(query);
    let rows = Number::find_by_statement(statement).all(read).await?;
    Ok(rows.into_iter().map(|row| row.seq).collect())
}
