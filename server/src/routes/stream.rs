//! `GET /api/v1/stream`: events as they arrive and change, as server-sent events.
//!
//! Invariant: a watcher that falls behind or comes back reads what it missed from the store; memory
//! for a watcher is bounded by a short queue, however slowly it reads.

use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;
use std::time::Duration;

use app::model::Stats;
use app::ssr::{bulk, convert};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use engine::bulk::Operation;
use engine::event::EventRow;
use engine::event::read::EventFilter;
use engine::id::BulkId;
use engine::live::{self, Commit, Cursor, LiveChange, Missed};
use engine::run::moves::Moves as MovedRuns;
use engine::search;
use serde::Deserialize;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::IntoParams;

use super::events;
use super::query::{Asked, EventQuery};
use crate::auth::{Authorized, Read};
use crate::problem::Problem;
use crate::router::AppState;

/// Messages that may wait for a slow reader.
const QUEUE: usize = 64;
/// The most events sent at once; a larger burst is folded to its newest.
const BURST: usize = 200;
/// After a burst, changes are gathered for this long.
const GATHER: Duration = Duration::from_millis(100);
/// Operations move in many small steps; watchers need not see each.
const BULK_EVERY: Duration = Duration::from_millis(200);
const STATS_EVERY: Duration = Duration::from_secs(1);
const HEARTBEAT: Duration = Duration::from_secs(15);

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Topics {
    /// What to send: `event`, `run`, `stats`, `bulk`, with commas between; all of them without it.
    topics: Option<String>,
}

impl Topics {
    fn include(&self, topic: &str) -> bool {
        self.topics.as_ref().is_none_or(|topics| topics.split(',').any(|one| one.trim() == topic))
    }
}

pub(crate) async fn open(
    _: Authorized<Read>,
    State(state): State<AppState>,
    Asked(query): Asked<EventQuery>,
    Asked(topics): Asked<Topics>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let filter = topics.include("event").then(|| query.filter()).transpose()?;
    let runs = topics.include("run").then(|| query.filter()).transpose()?;
    let moved = runs.is_some().then(|| state.engine.live.watch_runs());
    let with_stats = topics.include("stats");
    let operations = topics.include("bulk").then(|| state.engine.watch_bulk());
    let seen =
        headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let (sender, receiver) = mpsc::channel(QUEUE);
    let stop = state.stop.clone();
    // Before the answer begins: what is sent to Sluice after that comes by this stream.
    let commits = state.engine.live.watch();
    let cursor = state.engine.live.cursor();
    let counted = state.metrics.stream();
    let bulk = BTreeMap::new();
    let watcher = Watcher { state, filter, runs, sender, cursor, with_stats, stats: None, bulk };
    tokio::spawn(async move {
        let _open = counted;
        tokio::select! {
            () = stop.cancelled() => {}
            // It ends when the reader goes away.
            _gone = watcher.run(commits, Moves { operations, runs: moved }, seen) => {}
        }
    });
    let keep_alive = KeepAlive::new().interval(HEARTBEAT).text("alive");
    let mut response =
        Sse::new(ReceiverStream::new(receiver)).keep_alive(keep_alive).into_response();
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// What moves beside the events, where it is wanted.
struct Moves {
    operations: Option<broadcast::Receiver<Operation>>,
    runs: Option<broadcast::Receiver<MovedRuns>>,
}

/// The next that moves. One who lags behind hears of it with its next move.
async fn next<T: Clone>(moves: &mut Option<broadcast::Receiver<T>>) -> T {
    let Some(moves) = moves else { return std::future::pending().await };
    loop {
        match moves.recv().await {
            Ok(moved) => return moved,
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return std::future::pending().await,
        }
    }
}

struct Watcher {
    state: AppState,
    /// `None` when no events are wanted.
    filter: Option<EventFilter>,
    /// Whose events' runs are wanted; `None` when none are.
    runs: Option<EventFilter>,
    sender: mpsc::Sender<Result<Event, Infallible>>,
    cursor: Cursor,
    with_stats: bool,
    stats: Option<Stats>,
    /// Operations that have moved since they were last told.
    bulk: BTreeMap<BulkId, Operation>,
}

/// The reader has gone away.
struct Gone;

impl Watcher {
    /// `commits` are watched since before `seen` is read from the store: nothing falls between.
    async fn run(
        mut self,
        mut commits: broadcast::Receiver<Commit>,
        mut moves: Moves,
        seen: Option<Cursor>,
    ) -> Result<(), Gone> {
        match seen {
            Some(seen) => self.catch_up(seen).await?,
            // The first message carries the cursor from which a reconnect resumes.
            None => self.send(Event::default().event("hello").data("{}")).await?,
        }
        let mut stats = tokio::time::interval(STATS_EVERY);
        stats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut bulk = tokio::time::interval(BULK_EVERY);
        bulk.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                operation = next(&mut moves.operations) => {
                    self.bulk.insert(operation.id, operation);
                }
                runs = next(&mut moves.runs) => self.send_runs(runs).await?,
                _ = bulk.tick(), if !self.bulk.is_empty() => self.send_bulk().await?,
                received = commits.recv() => match received {
                    Ok(commit) => self.relay(commit, &mut commits).await?,
                    Err(RecvError::Lagged(_)) => {
                        commits = self.state.engine.live.watch();
                        self.catch_up(self.cursor).await?;
                    }
                    Err(RecvError::Closed) => return Ok(()),
                },
                _ = stats.tick(), if self.with_stats => self.send_stats().await?,
                () = self.sender.closed() => return Err(Gone),
            }
        }
    }

    async fn relay(
        &mut self,
        commit: Commit,
        commits: &mut broadcast::Receiver<Commit>,
    ) -> Result<(), Gone> {
        let mut changes: Vec<LiveChange> = commit.to_vec();
        while changes.len() < BURST * 8
            && let Ok(more) = commits.try_recv()
        {
            changes.extend(more.iter().cloned());
        }
        // What a resume has sent already comes again from the channel.
        let cursor = self.cursor;
        changes.retain(|change| {
            change.cursor.seq > cursor.seq || change.cursor.change > cursor.change
        });
        let burst = changes.len() > BURST;
        self.send_changes(changes).await?;
        if burst {
            tokio::time::sleep(GATHER).await;
        }
        Ok(())
    }

    async fn catch_up(&mut self, seen: Cursor) -> Result<(), Gone> {
        match live::missed(&self.state.engine, seen).await {
            Ok(Missed::Changes(changes)) => {
                self.cursor = seen;
                self.send_changes(changes).await
            }
            Ok(Missed::TooMuch(now)) => {
                self.cursor = now;
                self.send(Event::default().event("resync").data("{}")).await
            }
            Err(error) => {
                tracing::warn!(%error, "a stream could not resume");
                self.send(Event::default().event("resync").data("{}")).await
            }
        }
    }

    /// Sends each event once, as it stands last; more than a burst is folded to the newest.
    async fn send_changes(&mut self, changes: Vec<LiveChange>) -> Result<(), Gone> {
        let Some(last) = changes.last().map(|change| change.cursor) else { return Ok(()) };
        let mut newest: Vec<EventRow> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for change in changes.iter().rev() {
            if seen.insert(change.row.seq) && self.shows(&change.row) {
                newest.push((*change.row).clone());
            }
        }
        if let Some(search) = self.filter.as_ref().and_then(|filter| filter.search.as_ref()) {
            newest = match search::retain(&self.state.engine, search, newest).await {
                Ok(newest) => newest,
                Err(_) => return self.send(Event::default().event("resync").data("{}")).await,
            };
        }
        let folded = newest.len().saturating_sub(BURST);
        newest.truncate(BURST);
        newest.reverse();
        // Only with the last message has the reader seen all of them.
        if folded > 0 {
            let data = format!("{{\"count\":{folded}}}");
            self.send_unmarked(Event::default().event("folded").data(data)).await?;
        }
        let items = match events::items(&self.state.engine, newest).await {
            Ok(items) => items,
            Err(_) => return self.send(Event::default().event("resync").data("{}")).await,
        };
        self.cursor = last;
        let count = items.len();
        for (at, item) in items.iter().enumerate() {
            let Ok(event) = Event::default().event("event").json_data(item) else { continue };
            match at + 1 == count {
                true => self.send(event).await?,
                false => self.send_unmarked(event).await?,
            }
        }
        Ok(())
    }

    /// A status filter also lets through events that have just left the status, so that a list can
    /// take them out.
    fn shows(&self, row: &EventRow) -> bool {
        let Some(filter) = &self.filter else { return false };
        match filter.status {
            Some(status) => {
                let any_status = EventFilter { status: None, ..filter.clone() };
                any_status.accepts(row) && (status == row.status || row.attempts > 0)
            }
            None => filter.accepts(row),
        }
    }

    async fn send_stats(&mut self) -> Result<(), Gone> {
        let Ok(stats) = self.state.stats.get(&self.state.engine).await else { return Ok(()) };
        if self.stats.replace(stats) == Some(stats) {
            return Ok(());
        }
        match Event::default().event("stats").json_data(stats) {
            Ok(event) => self.send(event).await,
            Err(_) => Ok(()),
        }
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
            let Ok(event) = Event::default().event("bulk").json_data(view) else { continue };
            self.send_unmarked(event).await?;
        }
        Ok(())
    }

    /// Sends the runs whose events the filter shows, and those that have none.
    async fn send_runs(&self, runs: MovedRuns) -> Result<(), Gone> {
        let Some(filter) = &self.runs else { return Ok(()) };
        let events = runs.iter().filter_map(|moved| moved.event.as_ref());
        let mut shown: Vec<_> = events.filter(|row| filter.accepts(row)).cloned().collect();
        if let Some(search) = &filter.search {
            // They are in the list as well: what cannot be read now is not worth ending the stream.
            shown = search::retain(&self.state.engine, search, shown).await.unwrap_or_default();
        }
        let shown: HashSet<i64> = shown.into_iter().map(|row| row.seq).collect();
        let fits = |event: &EventRow| shown.contains(&event.seq);
        for moved in runs.iter().filter(|moved| moved.event.as_ref().is_none_or(fits)) {
            let item = convert::run_item(moved.run.clone());
            let Ok(run) = Event::default().event("run").json_data(item) else { continue };
            self.send_unmarked(run).await?;
        }
        Ok(())
    }

    /// Sends with the cursor as its id: everything up to it has been sent.
    async fn send(&self, event: Event) -> Result<(), Gone> {
        self.send_unmarked(event.id(self.cursor.to_string())).await
    }

    async fn send_unmarked(&self, event: Event) -> Result<(), Gone> {
        self.sender.send(Ok(event)).await.map_err(|_| Gone)
    }
}
