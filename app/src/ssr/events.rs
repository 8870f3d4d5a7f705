//! Events for the dashboard: lists, one event whole, and what can be done about it.

use engine::Engine;
use engine::event::hold;
use engine::event::read::{self, EventRecord, ReadError};
use engine::event::repair::{self, Repair, RepairError};
use engine::event::replay::{self, ReplayError, Versions};
use engine::event::{self, EventRow, Pattern, note};
use engine::id::EventId;
use engine::run;
use engine::search::{self, Search};
use engine::time::Timestamp;
use engine::workflow::{duration, versions};

use super::history::history;
use super::{convert, fail, invalid, not_found, previews, refuse_with};
use crate::ApiError;
use crate::model::{
    EventFilter, EventItem, Neighbours, Page, Released, SearchProgress, WholeEvent, WhyLine,
};
use axum::http::StatusCode;
use futures::future::join3;

/// How many rows a page of the stream has.
const PAGE: u64 = 100;

pub async fn list(engine: &Engine, filter: EventFilter) -> Result<Page<EventItem>, ApiError> {
    let unreadable = |error: String| refuse_with(StatusCode::BAD_REQUEST, error);
    let event_type = filter.event_type.as_deref().map(Pattern::parse).transpose();
    let search = filter.search.as_deref().map(Search::parse).transpose();
    let time = |text: Option<String>| text.map(|text| Timestamp::parse(&text)).transpose();
    let wanted = event::EventFilter {
        event_type: event_type.map_err(|error| unreadable(error.to_string()))?,
        source: filter.source,
        status: filter.status.and_then(|status| status.name().parse().ok()),
        from: beginning(engine, filter.within, filter.from)?,
        to: time(filter.to).map_err(|error| invalid(error.to_string()))?,
        id: filter.q,
        search: search.map_err(|error| unreadable(error.to_string()))?,
        ..event::EventFilter::default()
    };
    let before = filter.cursor.map(|cursor| cursor.parse()).transpose();
    let before = before.map_err(|_| unreadable("this page of the list is not known".to_owned()))?;
    let limit = filter.limit.map_or(PAGE, u64::from);
    newest(engine, &wanted, before, limit).await
}

/// Where what is asked for begins: so long before now, or else at the time that is given.
pub(super) fn beginning(
    engine: &Engine,
    within: Option<String>,
    from: Option<String>,
) -> Result<Option<Timestamp>, ApiError> {
    let Some(within) = within else {
        return from.map(|from| Timestamp::parse(&from)).transpose().map_err(invalid);
    };
    let length = duration::parse(&within).map_err(invalid)?;
    Ok(Some(engine.now().minus(length)))
}

/// At most `limit` events, the newest first, older than `before`.
pub(super) async fn newest(
    engine: &Engine,
    wanted: &event::EventFilter,
    before: Option<i64>,
    limit: u64,
) -> Result<Page<EventItem>, ApiError> {
    let page = read::list(engine, wanted, before, limit).await.map_err(fail)?;
    let runs = lines(engine, &page.rows).await?;
    let item =
        |row: &EventRow| convert::event_item(row, runs.get(&row.seq).map_or(&[], Vec::as_slice));
    Ok(Page {
        items: page.rows.iter().map(item).collect(),
        next_cursor: page.next.map(|seq| seq.to_string()),
    })
}

/// How far the search index has come.
pub async fn search_progress(engine: &Engine) -> Result<SearchProgress, ApiError> {
    let progress = search::index::progress(engine).await.map_err(fail)?;
    Ok(SearchProgress {
        behind: progress.behind.unsigned_abs(),
        indexed_to: progress.indexed_to.map(convert::time),
    })
}

/// The types of the events that came lately.
pub async fn types(engine: &Engine) -> Result<Vec<String>, ApiError> {
    read::recent_types(engine).await.map_err(fail)
}

pub(super) async fn lines(
    engine: &Engine,
    rows: &[EventRow],
) -> Result<std::collections::HashMap<i64, Vec<run::read::RunLine>>, ApiError> {
    let seqs = rows.iter().map(|row| row.seq).collect();
    run::read::lines_of_events(engine, seqs).await.map_err(fail)
}

pub(super) fn event_id(id: &str) -> Result<EventId, ApiError> {
    id.parse().map_err(|_| not_found())
}

/// The event with what its page tells beside it.
pub async fn whole(engine: &Engine, id: &str) -> Result<WholeEvent, ApiError> {
    let record = read::get(engine, event_id(id)?).await.map_err(unread)?;
    // The event is worth showing without these.
    let (history, why, beside) =
        join3(history(engine, &record), explain(engine, &record), neighbours(engine, &record))
            .await;
    Ok(WholeEvent {
        event: convert::event_detail(record),
        history: history.unwrap_or_default(),
        why: why.unwrap_or_default(),
        beside: beside.unwrap_or_default(),
    })
}

fn unread(error: ReadError) -> ApiError {
    match error {
        ReadError::Unknown(_) => not_found(),
        ReadError::Store(error) => fail(error),
    }
}

async fn neighbours(engine: &Engine, record: &EventRecord) -> Result<Neighbours, ApiError> {
    let beside = read::neighbours(engine, record.row.id).await.map_err(unread)?;
    let text = |id: Option<EventId>| id.map(|id| id.to_string());
    Ok(Neighbours { newer: text(beside.newer), older: text(beside.older) })
}

/// Why each trigger did or did not match.
async fn explain(engine: &Engine, record: &EventRecord) -> Result<Vec<WhyLine>, ApiError> {
    let verdicts = versions::explain(engine, record).await.map_err(fail)?;
    Ok(verdicts.iter().map(previews::why).collect())
}

/// Sends the event through again; the new event's id.
pub async fn replay(engine: &Engine, id: &str, original: bool) -> Result<String, ApiError> {
    let versions = if original { Versions::Original } else { Versions::Current };
    match replay::replay(engine, event_id(id)?, versions).await {
        Ok(accepted) => Ok(accepted.id.to_string()),
        Err(ReplayError::Unknown(_)) => Err(not_found()),
        Err(ReplayError::Store(error)) => Err(fail(error)),
    }
}

pub async fn mark_failed(engine: &Engine, id: &str) -> Result<(), ApiError> {
    mended(repair::repair(engine, event_id(id)?, Repair::MarkFailed).await)
}

pub async fn mark_processed(
    engine: &Engine,
    id: &str,
    note: Option<String>,
) -> Result<(), ApiError> {
    let note = note::parse(note.as_deref().unwrap_or_default()).map_err(invalid)?;
    let how = Repair::MarkProcessed;
    mended(repair::repair_noting(engine, event_id(id)?, how, note).await)
}

pub async fn delete(engine: &Engine, id: &str) -> Result<(), ApiError> {
    mended(repair::repair(engine, event_id(id)?, Repair::Delete).await)
}

/// Keeps the event from being removed.
pub async fn hold(engine: &Engine, id: &str, note: &str) -> Result<(), ApiError> {
    let note = note::parse(note).map_err(invalid)?;
    mended(hold::hold(engine, event_id(id)?, note).await)
}

pub async fn release(engine: &Engine, id: &str, note: &str) -> Result<Released, ApiError> {
    let note = note::parse(note).map_err(invalid)?;
    let event = event_id(id)?;
    let why = read::get(engine, event).await.map_err(unread)?.hold.and_then(|hold| hold.note);
    mended(hold::release(engine, event, note).await)?;
    Ok(Released { id: id.to_owned(), note: why.unwrap_or_default() })
}

pub(super) async fn mend(engine: &Engine, id: &str, how: Repair) -> Result<(), ApiError> {
    mended(repair::repair(engine, event_id(id)?, how).await)
}

fn mended(mended: Result<EventRow, RepairError>) -> Result<(), ApiError> {
    match mended {
        Ok(_) => Ok(()),
        Err(RepairError::Unknown(_)) => Err(not_found()),
        Err(RepairError::Store(error)) => Err(fail(error)),
        Err(error) => Err(refuse_with(StatusCode::CONFLICT, error)),
    }
}
