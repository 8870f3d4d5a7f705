//! `GET /api/v1/stream`: events as they arrive and change, as server-sent events.
//!
//! Invariant: a watcher that falls behind or comes back reads what it missed from the store; memory
//! for a watcher is bounded by a short queue, however slowly it reads. Who asks not to be spared misses
//! nothing (`every`).

use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use app::model::Stats;
use app::ssr::bulk;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use engine::Engine;
use engine::bulk::Operation;
use engine::event::{EventFilter, EventRow};
use engine::id::BulkId;
use engine::live::{self, Cursor, LiveChange, Missed};
use engine::search::{self, Search};
use engine::store::StoreError;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::IntoParams;

use super::query::{Asked, EventQuery};
use crate::auth::{Authorized, Read};
use crate::problem::Problem;
use crate::router::AppState;

mod every;
mod feed;
mod message;
mod runs;
mod shared;

use feed::{Feed, Moment, Newest};
use runs::{Moved, RunFeed};

/// What is made once for all who watch.
#[derive(Clone, Default)]
pub(crate) struct Feeds {
    events: Feed,
    runs: RunFeed,
}

/// Messages that may wait for a slow reader.
const QUEUE: usize = 1;
/// Operations move in many small steps; watchers need not see each.
const BULK_EVERY: Duration = Duration::from_millis(200);
const STATS_EVERY: Duration = Duration::from_secs(1);
const HEARTBEAT: Duration = Duration::from_secs(15);

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// What to send: `event`, `run`, `stats`, `bulk`, with commas between; all of them without it.
    topics: Option<String>,
    /// `false` for every event: nothing is folded, and what was missed comes whole, the oldest first.
    #[param(default = true)]
    fold: Option<bool>,
    /// `true`, beside a `status`: also events that have left it, as they are now, for a list to take them out.
    #[param(default = false)]
    left: Option<bool>,
}

impl Wanted {
    fn include(&self, topic: &str) -> bool {
        self.topics.as_ref().is_none_or(|topics| topics.split(',').any(|one| one.trim() == topic))
    }
}

pub(crate) async fn open(
    caller: Authorized<Read>,
    State(state): State<AppState>,
    Asked(query): Asked<EventQuery>,
    Asked(wanted): Asked<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let filter = wanted.include("event").then(|| query.filter()).transpose()?;
    let runs = wanted.include("run").then(|| query.filter()).transpose()?;
    let moved = runs.is_some().then(|| state.feeds.runs.watch(&state.engine, &state.stop));
    let with_stats = wanted.include("stats");
    let operations = wanted.include("bulk").then(|| state.engine.watch_bulk());
    let seen =
        headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let (sender, receiver) = mpsc::channel(QUEUE);
    let (stop, engine) = (state.stop.clone(), state.engine.clone());
    // Before the answer begins: what is sent to Sluice after that comes by this stream.
    let moments = state.feeds.events.watch(&state.engine, &state.stop);
    let cursor = state.engine.live.cursor();
    let counted = state.metrics.stream();
    let watcher = Watcher {
        state,
        filter,
        runs,
        every: wanted.fold == Some(false),
        with_left: wanted.left == Some(true),
        sender,
        cursor,
        told: cursor,
        with_stats,
        stats: None,
        bulk: BTreeMap::new(),
    };
    tokio::spawn(async move {
        let _open = counted;
        tokio::select! {
            () = stop.cancelled() => {}
            () = caller.ended(&engine) => {}
            // It ends when the reader goes away.
            _gone = watcher.run(moments, Moves { operations, runs: moved }, seen) => {}
        }
    });
    let headers = [
        (CONTENT_TYPE.as_str(), "text/event-stream"),
        (CACHE_CONTROL.as_str(), "no-cache"),
        ("x-accel-buffering", "no"),
    ];
    Ok((headers, Body::from_stream(ReceiverStream::new(receiver))).into_response())
}

/// What moves beside the events, where it is wanted.
struct Moves {
    operations: Option<broadcast::Receiver<Operation>>,
    runs: Option<broadcast::Receiver<Arc<Moved>>>,
}

/// The next that moves; `None` for whoever lags behind and has missed some.
async fn next<T: Clone>(moves: &mut Option<broadcast::Receiver<T>>) -> Option<T> {
    let Some(moves) = moves else { return std::future::pending().await };
    match moves.recv().await {
        Ok(moved) => Some(moved),
        Err(RecvError::Lagged(_)) => None,
        Err(RecvError::Closed) => std::future::pending().await,
    }
}

/// The numbers of those rows that a search finds.
async fn found<'r>(
    engine: &Engine,
    search: &Search,
    rows: impl Iterator<Item = &'r EventRow>,
) -> Result<HashSet<i64>, StoreError> {
    let found = search::retain(engine, search, rows.cloned().collect()).await?;
    Ok(found.iter().map(|row| row.seq).collect())
}

struct Watcher {
    state: AppState,
    /// `None` when no events are wanted.
    filter: Option<EventFilter>,
    /// Whose events' runs are wanted; `None` when none are.
    runs: Option<EventFilter>,
    /// Whether nothing may be folded.
    every: bool,
    /// Whether events that have left the status of the filter are told too.
    with_left: bool,
    sender: mpsc::Sender<Result<Bytes, Infallible>>,
    cursor: Cursor,
    /// The cursor that the reader knows, where nothing is folded.
    told: Cursor,
    with_stats: bool,
    stats: Option<Stats>,
    /// Operations that have moved since they were last told.
    bulk: BTreeMap<BulkId, Operation>,
}

/// The reader has gone away.
struct Gone;

impl Watcher {
    /// `moments` are watched since before `seen` is read from the store: nothing falls between.
    async fn run(
        mut self,
        mut moments: broadcast::Receiver<Arc<Moment>>,
        mut moves: Moves,
        seen: Option<Cursor>,
    ) -> Result<(), Gone> {
        match seen {
            Some(seen) => self.resume(seen).await?,
            // The first message carries the cursor from which a reconnect resumes.
            None => self.tell("hello", &json!({}), Some(self.cursor)).await?,
        }
        let every = |period| {
            let mut ticks = tokio::time::interval(period);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            ticks
        };
        let (mut stats, mut bulk) = (every(STATS_EVERY), every(BULK_EVERY));
        let mut heartbeat = every(HEARTBEAT);
        loop {
            tokio::select! {
                // What an operation missed it says with its next move.
                Some(operation) = next(&mut moves.operations) => {
                    self.bulk.insert(operation.id, operation);
                }
                moved = next(&mut moves.runs) => match moved {
                    Some(moved) => self.send_runs(moved).await?,
                    None => self.send(self.resync()).await?,
                },
                _ = bulk.tick(), if !self.bulk.is_empty() => self.send_bulk().await?,
                received = moments.recv() => match received {
                    Ok(moment) if self.every => self.relay_every(moment).await?,
                    Err(RecvError::Lagged(_)) if self.every => self.catch_up_every().await?,
                    Ok(moment) => {
                        let told = self.relay(moment).await;
                        self.send_some(told).await?;
                    }
                    Err(RecvError::Lagged(_)) => {
                        let told = self.catch_up().await;
                        self.send_some(told).await?;
                    }
                    Err(RecvError::Closed) => return Ok(()),
                },
                _ = stats.tick(), if self.with_stats => self.send_stats().await?,
                _ = heartbeat.tick() => match self.every {
                    true => self.tell_seen().await?,
                    false => self.send(message::ALIVE).await?,
                },
                () = self.sender.closed() => return Err(Gone),
            }
        }
    }

    // These say what is to be sent and hold nothing else by then: a slow reader would keep it in memory.

    async fn relay(&mut self, moment: Arc<Moment>) -> Option<Bytes> {
        let Some(filter) = &self.filter else {
            self.cursor = self.cursor.or_later(moment.last());
            return None;
        };
        if filter.is_open()
            && let Some(bytes) = moment.for_all(&self.state.engine, self.cursor).await
        {
            self.cursor = moment.last();
            return Some(bytes);
        }
        // What a resume has sent already comes again in what was gathered meanwhile.
        match moment.after(self.cursor) {
            Some(changes) => self.changed(changes, self.cursor.or_later(moment.last())).await,
            None => self.catch_up().await,
        }
    }

    async fn catch_up(&mut self) -> Option<Bytes> {
        match live::missed(&self.state.engine, self.cursor).await {
            Ok(Missed::Changes(changes)) => {
                let last = changes.last()?.cursor;
                self.changed(changes.iter().rev(), last).await
            }
            Ok(Missed::TooMuch(now)) => {
                self.cursor = now;
                Some(self.resync())
            }
            Err(error) => {
                tracing::warn!(%error, "a stream could not resume");
                Some(self.resync())
            }
        }
    }

    /// What is sent of `changes`, which come the newest first and go up to `last`.
    async fn changed(
        &mut self,
        changes: impl Iterator<Item = &LiveChange>,
        last: Cursor,
    ) -> Option<Bytes> {
        let search = self.filter.as_ref().and_then(|filter| filter.search.as_ref());
        let most = if search.is_some() { usize::MAX } else { feed::BURST };
        let mut newest = Newest::of(changes, |row| self.shows(row), most);
        if let Some(search) = search {
            let rows = newest.rows.iter().map(AsRef::as_ref);
            let Ok(found) = found(&self.state.engine, search, rows).await else {
                return Some(self.resync());
            };
            newest.rows.retain(|row| found.contains(&row.seq));
        }
        let Ok(messages) = newest.messages(&self.state.engine, last).await else {
            return Some(self.resync());
        };
        self.cursor = last;
        messages.into_some()
    }

    fn resync(&self) -> Bytes {
        message::one("resync", &json!({}), Some(self.cursor))
    }

    fn shows(&self, row: &EventRow) -> bool {
        let Some(filter) = &self.filter else { return false };
        let has_moved = row.attempts > 0 || row.processed_at.is_some();
        match self.with_left && filter.status.is_some() && has_moved {
            true => EventFilter { status: None, ..filter.clone() }.accepts(row),
            false => filter.accepts(row),
        }
    }

    async fn send_stats(&mut self) -> Result<(), Gone> {
        let Ok(stats) = self.state.stats.get(&self.state.engine).await else { return Ok(()) };
        if self.stats.replace(stats) == Some(stats) {
            return Ok(());
        }
        self.tell("stats", &stats, Some(self.cursor)).await
    }

    /// Sends each operation as it stands last.
    async fn send_bulk(&mut self) -> Result<(), Gone> {
        for operation in std::mem::take(&mut self.bulk).into_values() {
            // While it is under way what failed again is still to be seen.
            let view = match operation.state.is_open() {
                true => Ok(bulk::view_with(&operation, 0)),
                false => bulk::view(&self.state.engine, &operation).await,
            };
            let Ok(view) = view else { continue };
            self.tell("bulk", &view, None).await?;
        }
        Ok(())
    }

    async fn send_runs(&self, moved: Arc<Moved>) -> Result<(), Gone> {
        let Some(filter) = &self.runs else { return Ok(()) };
        let wanted = moved.wanted(&self.state.engine, filter).await;
        let mut at = 0;
        while let Some((piece, end)) = moved.piece(&wanted, at) {
            self.send(piece).await?;
            at = end;
        }
        match moved.missed {
            true => self.send(self.resync()).await,
            false => Ok(()),
        }
    }

    async fn tell(
        &self,
        event: &str,
        data: &impl Serialize,
        seen: Option<Cursor>,
    ) -> Result<(), Gone> {
        self.send(message::one(event, data, seen)).await
    }

    async fn send_some(&self, bytes: Option<Bytes>) -> Result<(), Gone> {
        match bytes {
            Some(bytes) => self.send(bytes).await,
            None => Ok(()),
        }
    }

    async fn send(&self, bytes: Bytes) -> Result<(), Gone> {
        self.sender.send(Ok(bytes)).await.map_err(|_| Gone)
    }
}
