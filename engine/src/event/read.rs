//! Reading events: lists by keyset, and one event whole.

use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::hold::{self, Hold};
use super::near::{self, Span};
use super::note::{self, EventNote};
use super::types::{self, Matching};
use super::{Event, EventFilter, EventRow, Headers};
use crate::Engine;
use crate::id::EventId;
use crate::run::{self, RunRecord};
use crate::search;
use crate::store::StoreError;
use crate::store::entity::{event, event_body};

/// The longest page.
pub const MOST: u64 = 500;
/// How many that a search finds are held against the other conditions at once, at first and at most.
const LEAST_SEARCHED: usize = 200;
const MOST_SEARCHED: usize = 8_000;

#[derive(Debug, Clone)]
pub struct Page {
    pub rows: Vec<EventRow>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<i64>,
}

/// Events, newest first, older than `before`.
pub async fn list(
    engine: &Engine,
    filter: &EventFilter,
    before: Option<i64>,
    limit: u64,
) -> Result<Page, StoreError> {
    let limit = limit.clamp(1, MOST) as usize;
    let mut rows: Vec<EventRow> = Vec::with_capacity(limit + 1);
    let mut span = Span::of(engine, filter, before).await?;
    let mut reach = (limit * 2).max(LEAST_SEARCHED);
    let named = match &filter.id {
        Some(beginning) => near::named(engine, beginning).await?,
        None => None,
    };
    if named.as_ref().is_some_and(Vec::is_empty) {
        return Ok(Page { rows, next: None });
    }
    // What is named or searched for is narrowed down by that.
    let pattern = filter.event_type.as_ref().filter(|pattern| pattern.literal().is_none());
    let pattern = pattern.filter(|_| filter.search.is_none() && named.is_none());
    let types = match pattern {
        Some(pattern) => Some(types::matching(engine, pattern).await?),
        None => None,
    };
    // The indexes narrow down, the pattern decides: go on until the page and one more are full.
    loop {
        let all = event::Entity::find();
        let mut query = match &types {
            None => all.filter(filter.condition()),
            // By their numbers, backwards: nearly any of them fits.
            Some(Matching::Many) => all.filter(filter.condition_without_type()),
            Some(Matching::Only(types)) => {
                match types::newest(types, filter, span, limit as u64 + 1) {
                    Some(newest) => all.filter(event::Column::Seq.in_subquery(newest)),
                    None => return Ok(Page { rows, next: None }),
                }
            }
        };
        query = query.filter(event::Column::Seq.gt(span.after));
        query = query.filter(event::Column::Seq.lt(span.before));
        if let Some(named) = &named {
            query = query.filter(numbered(named));
        }
        let mut searched = None;
        if let Some(search) = &filter.search {
            let said = search::older(engine, search, span.after, span.before, reach).await?;
            if said.is_empty() {
                return Ok(Page { rows, next: None });
            }
            searched = said.last().copied().filter(|_| said.len() == reach);
            query = query.filter(numbered(&said));
            reach = (reach * 2).min(MOST_SEARCHED);
        }
        let query = query.order_by_desc(event::Column::Seq).limit(limit as u64 + 1);
        let found = query.all(&engine.store.read).await?;
        let whole = found.len() > limit;
        let exhausted = !whole && searched.is_none();
        // What the search has found further on is not in the page that is full.
        let last = found.last().map(|model| model.seq).filter(|_| whole).or(searched);
        span.before = last.unwrap_or(span.before);
        rows.extend(found.into_iter().map(EventRow::from).filter(|row| filter.has_type(row)));
        if exhausted || rows.len() > limit {
            let next = (rows.len() > limit).then(|| rows[limit - 1].seq);
            rows.truncate(limit);
            return Ok(Page { rows, next });
        }
    }
}

/// One of these. Numbers alone: there is nothing in them to be quoted.
fn numbered(numbers: &[i64]) -> Expr {
    let numbers = numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    Expr::cust(format!("seq IN ({numbers})"))
}

/// Among how many of the newest events their types are looked for.
const LATELY: u64 = 2_000;

/// The types of the events that came lately, in the order of the alphabet.
pub async fn recent_types(engine: &Engine) -> Result<Vec<String>, StoreError> {
    let newest = event::Entity::find().select_only().column(event::Column::EventType);
    let newest = newest.order_by_desc(event::Column::Seq).limit(LATELY).into_tuple::<String>();
    let mut types = newest.all(&engine.store.read).await?;
    types.sort_unstable();
    types.dedup();
    Ok(types)
}

/// The number of the newest event; 0 where there is none.
pub(crate) async fn newest(engine: &Engine) -> Result<i64, StoreError> {
    let last = event::Entity::find().select_only().column_as(event::Column::Seq.max(), "last");
    let last: Option<Option<i64>> = last.into_tuple().one(&engine.store.read).await?;
    Ok(last.flatten().unwrap_or(0))
}

/// The oldest events after `position` and up to `last`; none when there are no more.
pub(crate) async fn after(
    engine: &Engine,
    filter: &EventFilter,
    mut position: i64,
    last: i64,
    limit: usize,
) -> Result<Vec<EventRow>, StoreError> {
    loop {
        let query = event::Entity::find()
            .filter(filter.condition())
            .filter(event::Column::Seq.gt(position))
            .filter(event::Column::Seq.lte(last))
            .order_by_asc(event::Column::Seq)
            .limit(limit as u64);
        let found = query.all(&engine.store.read).await?;
        let Some(read) = found.last().map(|model| model.seq) else { return Ok(Vec::new()) };
        // The index narrows down, the pattern decides.
        let rows = found.into_iter().map(EventRow::from);
        let rows: Vec<_> = rows.filter(|row| filter.has_type(row)).collect();
        if !rows.is_empty() {
            return Ok(rows);
        }
        position = read;
    }
}

/// An event whole.
#[derive(Debug, Clone)]
pub struct EventRecord {
    pub row: EventRow,
    pub payload: Arc<str>,
    pub headers: Headers,
    pub runs: Vec<RunRecord>,
    pub notes: Vec<EventNote>,
    pub hold: Option<Hold>,
}

impl EventRecord {
    /// The event as it was accepted.
    pub fn event(&self) -> Event {
        let row = self.row.clone();
        Event {
            id: row.id,
            event_id: row.event_id,
            event_type: row.event_type,
            source: row.source,
            subject: row.subject,
            received_at: row.received_at,
            occurred_at: row.occurred_at,
            payload: Arc::clone(&self.payload),
            headers: self.headers.clone(),
            replay_of: row.replay_of,
            key_id: None,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("there is no event {0}")]
    Unknown(EventId),
    #[error("the event could not be read: {0}")]
    Store(#[from] StoreError),
}

pub async fn get(engine: &Engine, id: EventId) -> Result<EventRecord, ReadError> {
    let read = &engine.store.read;
    let found = event::Entity::find().filter(event::Column::Id.eq(id.to_string())).one(read).await;
    let row = EventRow::from(found.map_err(StoreError::from)?.ok_or(ReadError::Unknown(id))?);
    let (payload, headers) = body(engine, row.seq).await?;
    let runs = run::read::of_event(engine, row.seq).await?;
    let notes = note::of_event(engine, row.seq).await?;
    let hold = match row.held {
        true => hold::of_event(engine, row.seq).await?,
        false => None,
    };
    Ok(EventRecord { row, payload, headers, runs, notes, hold })
}

/// The events beside one, in the order of their commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Neighbours {
    pub newer: Option<EventId>,
    pub older: Option<EventId>,
}

pub async fn neighbours(engine: &Engine, id: EventId) -> Result<Neighbours, ReadError> {
    let read = &engine.store.read;
    let found = event::Entity::find().filter(event::Column::Id.eq(id.to_string())).one(read).await;
    let seq = found.map_err(StoreError::from)?.ok_or(ReadError::Unknown(id))?.seq;
    let beside = async |query: sea_orm::Select<event::Entity>| {
        let found = query.limit(1).one(read).await.map_err(StoreError::from)?;
        Ok::<_, StoreError>(found.and_then(|model| model.id.parse().ok()))
    };
    let all = event::Entity::find;
    let newer = all().filter(event::Column::Seq.gt(seq)).order_by_asc(event::Column::Seq);
    let older = all().filter(event::Column::Seq.lt(seq)).order_by_desc(event::Column::Seq);
    Ok(Neighbours { newer: beside(newer).await?, older: beside(older).await? })
}

/// The event before this one of the same type, with its payload.
pub async fn before_of_its_type(
    engine: &Engine,
    row: &EventRow,
) -> Result<Option<(EventRow, Arc<str>)>, StoreError> {
    let query = event::Entity::find()
        .filter(event::Column::EventType.eq(row.event_type.as_str()))
        .filter(event::Column::Seq.lt(row.seq))
        .order_by_desc(event::Column::Seq)
        .limit(1);
    let Some(before) = query.one(&engine.store.read).await?.map(EventRow::from) else {
        return Ok(None);
    };
    let (payload, _) = body(engine, before.seq).await?;
    Ok(Some((before, payload)))
}

/// Payload and headers of an event.
pub(crate) type Body = (Arc<str>, Headers);

/// Of the event with this number; empty when there is none.
pub(crate) async fn body(engine: &Engine, seq: i64) -> Result<Body, StoreError> {
    Ok(bodies(engine, [seq]).await?.remove(&seq).unwrap_or_default())
}

/// Of the events with these numbers, as far as there are any.
pub(crate) async fn bodies(
    engine: &Engine,
    seqs: impl IntoIterator<Item = i64>,
) -> Result<HashMap<i64, Body>, StoreError> {
    let query = event_body::Entity::find().filter(event_body::Column::Seq.is_in(seqs));
    let found = query.all(&engine.store.read).await?;
    let body = |found: event_body::Model| {
        (found.seq, (found.payload.into(), Headers::stored(found.headers)))
    };
    Ok(found.into_iter().map(body).collect())
}
