//! What has just changed, for everyone who watches: browsers, `sluice tail`.
//!
//! Invariant: a change is published after its commit and in the order of commits. Whoever falls
//! behind reads what it missed from the store, by its cursor.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Statement,
};
use tokio::sync::broadcast;

use crate::Engine;
use crate::event::EventRow;
use crate::id::RunId;
use crate::run::moves::Moves;
use crate::store::StoreError;
use crate::store::entity::event;

/// How many commits a watcher may lag behind before it must read from the store.
const LAG: usize = 1_024;
/// How many moments of runs a watcher may lag behind; after that it misses some.
const RUNS_LAG: usize = 16;
/// The most events a resume sends; beyond it the watcher is told to load afresh.
pub const MOST_MISSED: u64 = 1_000;

/// How far a watcher has seen: the last event that arrived and the last status change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cursor {
    pub seq: i64,
    pub change: i64,
}

impl Cursor {
    /// The one that has seen what either has.
    #[must_use]
    pub fn or_later(self, other: Self) -> Self {
        Self { seq: self.seq.max(other.seq), change: self.change.max(other.change) }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is not a cursor of the stream")]
pub struct InvalidCursor;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.seq, self.change)
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let (seq, change) = text.split_once('-').ok_or(InvalidCursor)?;
        let number = |text: &str| text.parse().map_err(|_| InvalidCursor);
        Ok(Self { seq: number(seq)?, change: number(change)? })
    }
}

/// An event that arrived or whose status changed.
#[derive(Debug, Clone)]
pub struct LiveChange {
    pub cursor: Cursor,
    pub row: Arc<EventRow>,
}

/// The changes of one commit.
pub type Commit = Arc<[LiveChange]>;

/// The runs that a commit began or moved.
type MovedRuns = Arc<[RunId]>;

/// The one publisher of a process.
#[derive(Clone)]
pub struct Live(Arc<Inner>);

struct Inner {
    commits: broadcast::Sender<Commit>,
    moved: broadcast::Sender<MovedRuns>,
    runs: broadcast::Sender<Moves>,
    seq: AtomicI64,
    change: AtomicI64,
}

impl Default for Live {
    fn default() -> Self {
        let (commits, moved) = (broadcast::Sender::new(LAG), broadcast::Sender::new(LAG));
        let runs = broadcast::Sender::new(RUNS_LAG);
        let (seq, change) = (AtomicI64::new(0), AtomicI64::new(0));
        Self(Arc::new(Inner { commits, moved, runs, seq, change }))
    }
}

impl Live {
    /// Everything committed from now on.
    pub fn watch(&self) -> broadcast::Receiver<Commit> {
        self.0.commits.subscribe()
    }

    /// The runs that begin or move from now on. They have no cursor: who comes back reads the list.
    pub fn watch_runs(&self) -> broadcast::Receiver<Moves> {
        self.0.runs.subscribe()
    }

    /// For the one who reads them.
    pub(crate) fn moved_runs(&self) -> broadcast::Receiver<MovedRuns> {
        self.0.moved.subscribe()
    }

    pub(crate) fn tell_runs(&self, moves: Moves) {
        // Who has gone meanwhile misses nothing.
        let _nobody = self.0.runs.send(moves);
    }

    /// The last change published.
    pub fn cursor(&self) -> Cursor {
        Cursor {
            seq: self.0.seq.load(Ordering::Acquire),
            change: self.0.change.load(Ordering::Acquire),
        }
    }

    pub(crate) fn start_at(&self, cursor: Cursor) {
        self.0.seq.store(cursor.seq, Ordering::Release);
        self.0.change.store(cursor.change, Ordering::Release);
    }

    /// Makes the changes of a commit only when somebody watches. The cursor comes first: whoever
    /// begins to watch too late to be seen here begins behind this commit, not before it.
    pub(crate) fn publish(&self, cursor: Cursor, changes: impl FnOnce() -> Vec<LiveChange>) {
        self.start_at(cursor);
        if self.0.commits.receiver_count() > 0 {
            let changes = changes();
            if !changes.is_empty() {
                // Who has gone meanwhile misses nothing.
                let _nobody = self.0.commits.send(changes.into());
            }
        }
    }

    /// Gathers the runs of a commit only when somebody watches them.
    pub(crate) fn publish_runs(&self, moved: impl FnOnce() -> Vec<RunId>) {
        if self.0.runs.receiver_count() > 0 {
            let moved = moved();
            if !moved.is_empty() {
                let _nobody = self.0.moved.send(moved.into());
            }
        }
    }
}

/// What a watcher missed.
pub enum Missed {
    /// These, in order; each event once, as it stands now.
    Changes(Vec<LiveChange>),
    /// Too much, or it is no longer known: load afresh, then go on from this cursor.
    TooMuch(Cursor),
}

/// What changed after `since`. To be called after [`Live::watch`], so that nothing falls between.
pub async fn missed(engine: &Engine, since: Cursor) -> Result<Missed, StoreError> {
    #[derive(FromQueryResult)]
    struct Changed {
        id: i64,
        event_seq: i64,
    }
    let now = engine.live.cursor();
    // Who is as far behind as this is told so without a look: after a flood that may be all who watch.
    let behind = (now.seq - since.seq).max(now.change - since.change);
    if behind > MOST_MISSED as i64 {
        return Ok(Missed::TooMuch(now));
    }
    let read = &engine.store.read;
    let arrived = event::Entity::find()
        .filter(event::Column::Seq.gt(since.seq))
        .order_by_asc(event::Column::Seq)
        .limit(MOST_MISSED + 1)
        .all(read)
        .await?;
    // The change before the first one wanted must still be there, or some may have been trimmed.
    let sql = "SELECT id, event_seq FROM event_changes WHERE id >= $1 ORDER BY id LIMIT $2";
    let values = [since.change.into(), (MOST_MISSED as i64 + 2).into()];
    let statement = Statement::from_sql_and_values(read.get_database_backend(), sql, values);
    let mut changed = Changed::find_by_statement(statement).all(read).await?;
    let trimmed = since.change > 0 && changed.first().is_none_or(|first| first.id > since.change);
    changed.retain(|changed| changed.id > since.change);
    let ahead = since.seq > now.seq || since.change > now.change;
    let most = MOST_MISSED as usize;
    if ahead || trimmed || arrived.len() > most || changed.len() > most {
        return Ok(Missed::TooMuch(now));
    }
    let older: Vec<i64> =
        changed.iter().map(|changed| changed.event_seq).filter(|seq| *seq <= since.seq).collect();
    let older = event::Entity::find().filter(event::Column::Seq.is_in(older)).all(read).await?;
    let change = changed.last().map_or(since.change, |last| last.id);
    let row = |model: event::Model| Arc::new(EventRow::from(model));
    let mut changes: Vec<LiveChange> = Vec::with_capacity(older.len() + arrived.len());
    for model in older {
        changes.push(LiveChange { cursor: since, row: row(model) });
    }
    for model in arrived {
        let cursor = Cursor { seq: model.seq, change: since.change };
        changes.push(LiveChange { cursor, row: row(model) });
    }
    // Only with the last of them has the watcher seen all the changes.
    if let Some(last) = changes.last_mut() {
        last.cursor.change = change;
    }
    Ok(Missed::Changes(changes))
}
