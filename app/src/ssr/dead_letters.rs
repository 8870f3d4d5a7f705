//! The dead letter list and the way back out of it.

use engine::Engine;
use engine::event::read::{self, EventFilter};
use engine::event::repair::Repair;
use engine::event::{EventRow, EventStatus};

use super::{convert, events, fail, not_found};
use crate::ApiError;
use crate::model::{DeadLetter, Page};

const PAGE: u64 = 100;

pub async fn list(engine: &Engine, cursor: Option<String>) -> Result<Page<DeadLetter>, ApiError> {
    let failed = EventFilter { status: Some(EventStatus::Failed), ..EventFilter::default() };
    let cursor = cursor.filter(|cursor| !cursor.is_empty());
    let before = cursor.map(|cursor| cursor.parse()).transpose().map_err(|_| not_found())?;
    let page = read::list(engine, &failed, before, PAGE).await.map_err(fail)?;
    let runs = events::lines(engine, &page.rows).await?;
    let letter =
        |row: &EventRow| convert::dead_letter(row, runs.get(&row.seq).map_or(&[], Vec::as_slice));
    Ok(Page {
        items: page.rows.iter().map(letter).collect(),
        next_cursor: page.next.map(|seq| seq.to_string()),
    })
}

pub async fn retry(engine: &Engine, id: &str) -> Result<(), ApiError> {
    events::mend(engine, id, Repair::Retry).await
}
