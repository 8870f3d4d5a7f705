//! The runs that move, written once for all who watch them.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use app::ssr::convert;
use bytes::Bytes;
use engine::Engine;
use engine::event::EventFilter;
use engine::run::moves::{MovedRun, Moves};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio_util::sync::CancellationToken;

use super::feed::BURST_BYTES;
use super::found;
use super::message::{Messages, json};
use super::shared::Shared;

/// How many moments a watcher may lag behind; after that it misses some, and is told so.
const LAG: usize = 16;

/// The one that follows the runs, while somebody watches.
#[derive(Clone, Default)]
pub(super) struct RunFeed(Shared<Moved>);

/// The runs of a moment.
pub(super) struct Moved {
    runs: Arc<[MovedRun]>,
    /// Others have moved, of which nothing is told.
    pub(super) missed: bool,
    /// Each of them as it is sent.
    texts: OnceLock<Vec<String>>,
    for_all: OnceLock<Vec<Bytes>>,
}

impl RunFeed {
    /// The runs that begin or move from now on.
    pub(super) fn watch(
        &self,
        engine: &Engine,
        stop: &CancellationToken,
    ) -> broadcast::Receiver<Arc<Moved>> {
        self.0.watch(LAG, |sender| {
            let (feed, moves, stop) = (self.0.clone(), engine.live.watch_runs(), stop.clone());
            tokio::spawn(async move {
                stop.run_until_cancelled(follow(feed, moves, sender)).await;
            });
        })
    }
}

async fn follow(
    feed: Shared<Moved>,
    mut moves: broadcast::Receiver<Moves>,
    sender: broadcast::Sender<Arc<Moved>>,
) {
    let mut lagged = false;
    while !feed.ends(&sender) {
        match moves.recv().await {
            Ok(Moves { runs, missed }) => {
                let missed = std::mem::take(&mut lagged) || missed;
                let (texts, for_all) = (OnceLock::new(), OnceLock::new());
                let moved = Moved { runs, missed, texts, for_all };
                // Who has gone meanwhile misses nothing.
                let _nobody = sender.send(Arc::new(moved));
            }
            Err(RecvError::Lagged(_)) => lagged = true,
            Err(RecvError::Closed) => return,
        }
    }
}

/// Whose runs somebody wants.
pub(super) enum Wanted {
    All,
    /// Those of the events with these numbers, and those that have none.
    Of(HashSet<i64>),
}

impl Wanted {
    fn includes(&self, moved: &MovedRun) -> bool {
        match (self, &moved.event) {
            (Self::Of(events), Some(event)) => events.contains(&event.seq),
            _ => true,
        }
    }
}

impl Moved {
    /// What one wants of them whose filter this is.
    pub(super) async fn wanted(&self, engine: &Engine, filter: &EventFilter) -> Wanted {
        if filter.is_open() {
            return Wanted::All;
        }
        let events = self.runs.iter().filter_map(|moved| moved.event.as_ref());
        let shown = events.filter(|row| filter.accepts(row));
        Wanted::Of(match &filter.search {
            // They are in the list as well: what cannot be read now is not worth ending the stream.
            Some(search) => found(engine, search, shown).await.unwrap_or_default(),
            None => shown.map(|row| row.seq).collect(),
        })
    }

    /// What is sent at once from `at` on, and where that ends. One piece at a time: a slow reader would keep
    /// them all in memory.
    pub(super) fn piece(&self, wanted: &Wanted, at: usize) -> Option<(Bytes, usize)> {
        if let Wanted::All = wanted {
            let all = self.for_all.get_or_init(|| {
                let mut from = 0;
                let next = || {
                    let (piece, end) = self.gather(wanted, from)?;
                    from = end;
                    Some(piece)
                };
                std::iter::from_fn(next).collect()
            });
            return Some((all.get(at)?.clone(), at + 1));
        }
        self.gather(wanted, at)
    }

    fn gather(&self, wanted: &Wanted, at: usize) -> Option<(Bytes, usize)> {
        let text = |moved: &MovedRun| json(&convert::run_item(moved.run.clone()));
        let texts = self.texts.get_or_init(|| self.runs.iter().map(text).collect());
        let (mut messages, mut end) = (Messages::default(), at);
        for (moved, text) in self.runs.iter().zip(texts).skip(at) {
            end += 1;
            if wanted.includes(moved) {
                messages.push_text("run", text, None);
            }
            if messages.bytes() >= BURST_BYTES {
                break;
            }
        }
        Some((messages.into_some()?, end))
    }
}
