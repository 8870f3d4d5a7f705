//! The dead letter list, what it failed for, and the way back out of it.

use std::collections::BTreeSet;

use engine::Engine;
use engine::bulk::manage;
use engine::bulk::plan::{NewBulk, plan};
use engine::bulk::{Action, Filter, Operation, State};
use engine::event::repair::Repair;
use engine::event::{EventFilter, EventRow, EventStatus, Pattern, error_group, read};

use super::{bulk, convert, events, fail, invalid, not_found};
use crate::ApiError;
use crate::model::{DeadLetters, LetterFilter, Page};

const PAGE: u64 = 100;
/// How many operations are looked through for those that are shown.
const RECENT: u64 = 20;

pub async fn list(engine: &Engine, filter: LetterFilter) -> Result<DeadLetters, ApiError> {
    let pattern = filter.event_type.as_deref().map(Pattern::parse).transpose();
    let operation = filter.bulk.as_deref().map(str::parse).transpose();
    let wanted = EventFilter {
        status: Some(EventStatus::Failed),
        event_type: pattern.map_err(invalid)?,
        source: filter.source.clone(),
        group: filter.group.clone(),
        bulk: operation.map_err(|_| not_found())?,
        ..EventFilter::default()
    };
    let cursor = filter.cursor.as_deref().map(str::parse).transpose();
    let before = cursor.map_err(|_| not_found())?;
    let page = read::list(engine, &wanted, before, PAGE).await.map_err(fail)?;
    let runs = events::lines(engine, &page.rows).await?;
    let letter =
        |row: &EventRow| convert::dead_letter(row, runs.get(&row.seq).map_or(&[], Vec::as_slice));
    let letters = Page {
        items: page.rows.iter().map(letter).collect(),
        next_cursor: page.next.map(|seq| seq.to_string()),
    };
    let groups = error_group::list(engine).await.map_err(fail)?;
    Ok(DeadLetters {
        matching: matching(engine, &filter).await?,
        letters,
        groups: groups.into_iter().map(bulk::group).collect(),
        operations: operations(engine, filter.op.as_deref()).await?,
    })
}

/// How many dead letters an operation under this filter would take.
async fn matching(engine: &Engine, filter: &LetterFilter) -> Result<u64, ApiError> {
    let all = LetterFilter { bulk: None, ..filter.clone() };
    let count = match all.narrows() {
        // Counted as it changes.
        false => engine::stats::current(engine).await.map_err(fail)?.failed,
        true => {
            let filter = Filter {
                group: filter.group.clone(),
                event_type: filter.event_type.clone(),
                source: filter.source.clone(),
                ..Filter::default()
            };
            let new = NewBulk { action: Action::Retry, filter, note: None, canary: false };
            plan(engine, &new).await.map_err(bulk::refused)?.total
        }
    };
    Ok(count.max(0).unsigned_abs())
}

/// Those that concern whoever looks: open, stopped, or named.
async fn operations(
    engine: &Engine,
    named: Option<&str>,
) -> Result<Vec<crate::model::BulkView>, ApiError> {
    let mut found = manage::list(engine, None, RECENT).await.map_err(fail)?;
    let concerns = |it: &Operation| it.state.is_open() || it.state == State::Stopped;
    found.retain(|it| concerns(it) || named == Some(it.id.to_string().as_str()));
    let shown: BTreeSet<_> = found.iter().map(|it| it.id).collect();
    if let Some(id) = named.and_then(|id| id.parse().ok()).filter(|id| !shown.contains(id))
        && let Ok(older) = manage::get(engine, id).await
    {
        found.push(older);
    }
    bulk::views(engine, &found).await.map_err(fail)
}

pub async fn retry(engine: &Engine, id: &str) -> Result<(), ApiError> {
    events::mend(engine, id, Repair::Retry).await
}
