//! Many events with their payloads, a piece at a time, however many there are.
//!
//! Invariant: a piece holds a bounded number of bytes of payloads, or one event; nothing is held open
//! in the database between two pieces.

use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{EventFilter, EventRow, Headers, read};
use crate::Engine;
use crate::store::StoreError;
use crate::store::entity::event;

/// How many events a piece has at most.
const EVENTS: u64 = 200;
/// How many bytes of payloads a piece has at most, where it has more than one event.
const BYTES: i64 = 4 << 20;

/// An event as it is exported.
pub struct Exported {
    pub row: EventRow,
    pub payload: Arc<str>,
    pub headers: Headers,
}

/// Where an export stands.
pub struct Export {
    engine: Engine,
    filter: EventFilter,
    before: Option<i64>,
    ended: bool,
}

impl Export {
    pub fn new(engine: &Engine, filter: EventFilter) -> Self {
        Self { engine: engine.clone(), filter, before: None, ended: false }
    }

    /// The next events, the newest first; none at the end.
    pub async fn next(&mut self) -> Result<Vec<Exported>, StoreError> {
        if self.ended {
            return Ok(Vec::new());
        }
        let page = read::list(&self.engine, &self.filter, self.before, EVENTS).await?;
        self.ended = page.next.is_none();
        let fitting = fitting(&page.rows);
        let mut rows = page.rows;
        if fitting < rows.len() {
            rows.truncate(fitting);
            self.ended = false;
        }
        self.before = rows.last().map(|row| row.seq);
        let mut bodies = bodies(&self.engine, &rows).await?;
        let exported = |row: EventRow| {
            // One that was deleted meanwhile is not there any more.
            let (payload, headers) = bodies.remove(&row.seq)?;
            Some(Exported { row, payload, headers })
        };
        let exported: Vec<_> = rows.into_iter().filter_map(exported).collect();
        match exported.is_empty() && !self.ended {
            true => Box::pin(self.next()).await,
            false => Ok(exported),
        }
    }
}

/// How many of the rows have payloads that may be held at once.
pub(crate) fn fitting(rows: &[EventRow]) -> usize {
    let mut bytes = 0;
    let fits = |row: &&EventRow| {
        bytes += row.payload_bytes;
        bytes <= BYTES
    };
    rows.iter().take_while(fits).count().max(1).min(rows.len())
}

/// Payloads and headers by the events' numbers.
pub(crate) type Bodies = HashMap<i64, read::Body>;

/// The oldest events after `position` and up to `last`, at most `most` and as many as are one piece.
pub(crate) async fn after(
    engine: &Engine,
    position: i64,
    last: i64,
    most: u64,
) -> Result<(Vec<EventRow>, Bodies), StoreError> {
    let rows = event::Entity::find()
        .filter(event::Column::Seq.gt(position))
        .filter(event::Column::Seq.lte(last))
        .order_by_asc(event::Column::Seq)
        .limit(most)
        .all(&engine.store.read)
        .await?;
    let mut rows: Vec<EventRow> = rows.into_iter().map(EventRow::from).collect();
    rows.truncate(fitting(&rows));
    let bodies = bodies(engine, &rows).await?;
    Ok((rows, bodies))
}

pub(crate) async fn bodies(engine: &Engine, rows: &[EventRow]) -> Result<Bodies, StoreError> {
    read::bodies(engine, rows.iter().map(|row| row.seq)).await
}
