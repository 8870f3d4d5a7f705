//! What has changed, gathered once for all who watch: a commit wakes one task, and not each watcher's.
//!
//! Invariant: what a watcher of all events is sent is made once, however many there are; and the more
//! there are, the longer is gathered, so that together they cost what a few do.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use engine::Engine;
use engine::event::EventRow;
use engine::live::{Commit, Cursor, LiveChange};
use serde_json::json;
use tokio::sync::OnceCell;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::message::{Messages, json};
use super::shared::Shared;
use crate::problem::Problem;
use crate::routes::events;

/// The most events sent at once, and the most bytes; a larger burst is folded to its newest. A reader who does
/// not read has three of these in memory.
pub(super) const BURST: usize = 100;
pub(super) const BURST_BYTES: usize = 32 * 1024;
/// After a burst, changes are gathered for this long.
const AFTER_BURST: Duration = Duration::from_millis(50);
/// For so long they are gathered for each who watches.
const EACH: Duration = Duration::from_millis(1);
/// The most changes that one moment has; the oldest go first.
const MOST: usize = 4_096;
/// How many moments a watcher may lag behind before it must read from the store.
const LAG: usize = 4;

/// The one that gathers, while somebody watches.
#[derive(Clone, Default)]
pub(super) struct Feed(Shared<Moment>);

/// What changed in a stretch of time, in order.
pub(super) struct Moment {
    /// Up to where the one before it went.
    before: Cursor,
    changes: VecDeque<LiveChange>,
    /// How many were left out, which were the first.
    dropped: usize,
    for_all: OnceCell<Option<Bytes>>,
}

impl Feed {
    /// Everything committed from now on.
    pub(super) fn watch(
        &self,
        engine: &Engine,
        stop: &CancellationToken,
    ) -> broadcast::Receiver<Arc<Moment>> {
        self.0.watch(LAG, |moments| {
            let gathering = Gathering {
                feed: self.0.clone(),
                commits: engine.live.watch(),
                moments,
                before: engine.live.cursor(),
                changes: VecDeque::new(),
                dropped: 0,
            };
            let stop = stop.clone();
            tokio::spawn(async move { stop.run_until_cancelled(gathering.run()).await });
        })
    }
}

struct Gathering {
    feed: Shared<Moment>,
    commits: broadcast::Receiver<Commit>,
    moments: broadcast::Sender<Arc<Moment>>,
    before: Cursor,
    changes: VecDeque<LiveChange>,
    dropped: usize,
}

impl Gathering {
    async fn run(mut self) {
        let mut due = Instant::now();
        loop {
            tokio::select! {
                commit = self.commits.recv() => match commit {
                    Ok(commit) => self.add(&commit),
                    Err(RecvError::Lagged(commits)) => self.dropped += commits as usize,
                    Err(RecvError::Closed) => return,
                },
                () = tokio::time::sleep_until(due), if !self.changes.is_empty() => {
                    due = Instant::now() + self.tell();
                }
            }
            if self.feed.ends(&self.moments) {
                return;
            }
        }
    }

    fn add(&mut self, commit: &Commit) {
        self.changes.extend(commit.iter().cloned());
        let over = self.changes.len().saturating_sub(MOST);
        if over > 0 {
            self.changes.drain(..over);
            self.dropped += over;
        }
    }

    /// Tells what there is; says for how long more is gathered then.
    fn tell(&mut self) -> Duration {
        let moment = Moment {
            before: self.before,
            changes: std::mem::take(&mut self.changes),
            dropped: std::mem::take(&mut self.dropped),
            for_all: OnceCell::new(),
        };
        self.before = moment.last();
        let burst = moment.changes.len() + moment.dropped > BURST;
        // Who has gone meanwhile misses nothing.
        let watchers = self.moments.send(Arc::new(moment)).unwrap_or(0);
        let crowd = EACH * u32::try_from(watchers).unwrap_or(u32::MAX);
        if burst { crowd.max(AFTER_BURST) } else { crowd }
    }
}

impl Moment {
    pub(super) fn last(&self) -> Cursor {
        self.changes.back().map_or(self.before, |change| change.cursor)
    }

    /// What is new to someone who has seen everything up to `cursor`, the newest first; `None` when some of
    /// that was left out.
    pub(super) fn after(&self, cursor: Cursor) -> Option<impl Iterator<Item = &LiveChange>> {
        let is_new = move |change: &&LiveChange| {
            change.cursor.seq > cursor.seq || change.cursor.change > cursor.change
        };
        (self.dropped == 0).then(|| self.changes.iter().rev().filter(is_new))
    }

    /// What someone is sent who watches all events and has seen everything before this moment, that is
    /// up to `cursor`. `None` for others, and when it cannot be read.
    pub(super) async fn for_all(&self, engine: &Engine, cursor: Cursor) -> Option<Bytes> {
        if cursor != self.before {
            return None;
        }
        let make = async || {
            let mut newest = Newest::of(self.changes.iter().rev(), |_| true, BURST);
            newest.more += self.dropped;
            let messages = newest.messages(engine, self.last()).await;
            messages.ok().map(Messages::into_bytes)
        };
        self.for_all.get_or_init(make).await.clone()
    }
}

/// Each event once, as it stands last, the newest first, and how many more there are.
pub(super) struct Newest {
    pub(super) rows: Vec<Arc<EventRow>>,
    more: usize,
}

impl Newest {
    /// Of `changes`, which come the newest first, so many events at `most`.
    pub(super) fn of<'c>(
        changes: impl Iterator<Item = &'c LiveChange>,
        shows: impl Fn(&EventRow) -> bool,
        most: usize,
    ) -> Self {
        let (mut seen, mut rows, mut more) = (HashSet::new(), Vec::new(), 0);
        for change in changes {
            if seen.insert(change.row.seq) && shows(&change.row) {
                match rows.len() < most {
                    true => rows.push(Arc::clone(&change.row)),
                    false => more += 1,
                }
            }
        }
        Self { rows, more }
    }

    /// Messages about as many of them as are sent at once, and how many were folded. Only with the last has
    /// the reader seen everything up to `last`.
    pub(super) async fn messages(self, engine: &Engine, last: Cursor) -> Result<Messages, Problem> {
        let rows = &self.rows[..self.rows.len().min(BURST)];
        let mut texts = Vec::with_capacity(self.rows.len().min(BURST));
        let mut bytes = 0;
        for item in events::items(engine, rows).await? {
            let text = json(&item);
            bytes += text.len();
            if bytes > BURST_BYTES && !texts.is_empty() {
                break;
            }
            texts.push(text);
        }
        let mut messages = Messages::default();
        let folded = self.rows.len() - texts.len() + self.more;
        if folded > 0 {
            messages.push("folded", &json!({ "count": folded }), None);
        }
        for (older, text) in texts.iter().enumerate().rev() {
            messages.push_text("event", text, (older == 0).then_some(last));
        }
        Ok(messages)
    }
}
