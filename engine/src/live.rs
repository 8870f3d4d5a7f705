//! What has just changed, for everyone who watches: browsers, `sluice tail`.
//!
//! Invariant: a change is published after its commit and in the order of commits. Whoever falls
//! behind reads what it missed from the store, by its cursor.

use std::collections::HashMap;
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

/// The next of what a watcher missed.
pub enum Next {
    /// These, in order; each event once, as it stands now, with the cursor of whoever has seen it and all
    /// before it.
    Page { changes: Vec<LiveChange>, last: Cursor, more: bool },
    /// Some changes are no longer known, or the cursor is of another database: go on from this one.
    Unknown(Cursor),
}

/// What changed after `since`, as long as it is not too much. To be called after [`Live::watch`], so that
/// nothing falls between.
pub async fn missed(engine: &Engine, since: Cursor) -> Result<Missed, StoreError> {
    // Who is as far behind as this is told so without a look: after a flood that may be all who watch.
    if is_far_behind(engine, since) {
        return Ok(Missed::TooMuch(engine.live.cursor()));
    }
    Ok(match next(engine, since, MOST_MISSED).await? {
        Next::Page { changes, more: false, .. } => Missed::Changes(changes),
        Next::Page { .. } | Next::Unknown(_) => Missed::TooMuch(engine.live.cursor()),
    })
}

/// Whether more than [`MOST_MISSED`] came after `since`.
pub fn is_far_behind(engine: &Engine, since: Cursor) -> bool {
    let now = engine.live.cursor();
    let behind = now.seq.saturating_sub(since.seq).max(now.change.saturating_sub(since.change));
    behind > MOST_MISSED as i64
}

#[derive(FromQueryResult)]
struct Changed {
    id: i64,
    event_seq: i64,
}

/// The first arrivals after `since` and the first changes, so many of each at `most`. To be called after
/// [`Live::watch`] as well.
pub async fn next(engine: &Engine, since: Cursor, most: u64) -> Result<Next, StoreError> {
    let now = engine.live.cursor();
    if since.seq > now.seq || since.change > now.change {
        return Ok(Next::Unknown(now));
    }
    let read = &engine.store.read;
    let (room, most) = (most + 1, most as usize);
    let mut arrived = event::Entity::find()
        .filter(event::Column::Seq.gt(since.seq))
        .filter(event::Column::Seq.lte(now.seq))
        .order_by_asc(event::Column::Seq)
        .limit(room)
        .all(read)
        .await?;
    // The change before the first one wanted must still be there, or some may have been trimmed.
    let sql =
        "SELECT id, event_seq FROM event_changes WHERE id >= $1 AND id <= $2 ORDER BY id LIMIT $3";
    let values = [since.change.into(), now.change.into(), (room as i64 + 1).into()];
    let statement = Statement::from_sql_and_values(read.get_database_backend(), sql, values);
    let mut changed = Changed::find_by_statement(statement).all(read).await?;
    let first = changed.first().map_or(now.change, |first| first.id);
    if since.change > 0 && first > since.change {
        return Ok(Next::Unknown(Cursor { change: first, ..since }));
    }
    changed.retain(|changed| changed.id > since.change);
    let more = arrived.len() > most || changed.len() > most;
    arrived.truncate(most);
    changed.truncate(most);
    let last = Cursor {
        seq: arrived.last().map_or(since.seq, |last| last.seq),
        change: changed.last().map_or(since.change, |last| last.id),
    };
    // What arrived later than `since` is shown as it stands now, here or on a later page.
    let older = changed.iter().filter(|changed| changed.event_seq <= since.seq);
    let older: HashMap<i64, i64> = older.map(|changed| (changed.event_seq, changed.id)).collect();
    let rows = event::Entity::find().filter(event::Column::Seq.is_in(older.keys().copied()));
    let row = |model: event::Model| Arc::new(EventRow::from(model));
    let mut changes: Vec<LiveChange> = Vec::with_capacity(older.len() + arrived.len());
    for model in rows.all(read).await? {
        let change = older.get(&model.seq).copied().unwrap_or(last.change);
        changes.push(LiveChange { cursor: Cursor { change, ..since }, row: row(model) });
    }
    changes.sort_unstable_by_key(|changed| changed.cursor.change);
    for model in arrived {
        let cursor = Cursor { seq: model.seq, ..last };
        changes.push(LiveChange { cursor, row: row(model) });
    }
    // Changes of events that are gone, or come with a later page, are behind the last of these too.
    if let Some(change) = changes.last_mut() {
        change.cursor = last;
    }
    Ok(Next::Page { changes, last, more })
}
