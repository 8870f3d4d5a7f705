//! The one door for writes. What has queued up is committed in one transaction; once that is on the
//! disk, its senders are answered and the changes are published, while the next one is committed.
//!
//! Invariant: nothing is answered, published or handed to the worker before it is durable.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sea_orm::{DatabaseConnection, DbErr, RuntimeErr};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::StoreError;
use super::checkpoint::Checkpoint;
use super::direct::Direct;
use super::disk::Log;
use crate::Environment;
use crate::audit::{self, Note};
use crate::bulk::Operation;
use crate::erasure::Erasure;
use crate::event::EventRow;
use crate::event::repair::{Repair, RepairError};
use crate::id::{EventId, KeyId, NodeId, RunId, WorkflowId};
use crate::live::Live;
use crate::meters::Meters;
use crate::run::cancel::{Cancel, CancelError};
use crate::run::worker::Inbox;
use crate::time::Timestamp;

mod accept;
mod answer;
mod bulk;
mod cancel;
mod command;
mod erase;
mod flush;
mod known;
mod lane;
mod lease;
mod purge;
mod repair;
mod serve;
mod settle;
mod tally;
mod turns;
mod work;

use command::{Chore, Command, Mending, Reply};

pub use bulk::{BulkDeed, BulkStep};
pub use command::{Accepted, Arrival, Change, Claimed, Idempotency, NewRun, Progress};
pub use erase::{ErasureDeed, ErasureStep};

/// How many writes may wait; beyond this intake answers 503.
const QUEUE: usize = 8_192;

/// What the writer writes to.
pub(super) struct Connections {
    /// For whatever takes several steps in one transaction.
    pub(super) steps: DatabaseConnection,
    /// SQLite once more, for what goes out at once.
    pub(super) direct: Option<Direct>,
    pub(super) files: Option<Files>,
}

/// The files of a SQLite database that only this process serves.
pub(super) struct Files {
    pub(super) log: Arc<Log>,
    pub(super) checkpoint: Checkpoint,
}

/// A handle to the door; clones share the queue.
#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Command>,
    /// Whether there are limits of sources, whose events are counted apart then.
    by_source: Arc<AtomicBool>,
    pub meters: Meters,
}

impl Writer {
    pub(super) async fn start(
        connections: Connections,
        environment: Environment,
        node: NodeId,
        live: Live,
        inbox: Inbox,
        idempotency_kept: Duration,
    ) -> Result<Self, StoreError> {
        let (queue, commands) = mpsc::channel(QUEUE);
        let log = connections.files.as_ref().map(|files| Arc::clone(&files.log));
        let by_source = Arc::<AtomicBool>::default();
        let counted = Arc::clone(&by_source);
        let lane =
            lane::Lane::open(connections, environment, node, idempotency_kept, counted).await?;
        live.start_at(lane.last());
        let meters = Meters::default();
        let flusher = flush::Flusher::new(log, meters.flush.clone());
        let (desk, counter) =
            answer::Desk::new(flusher, live, inbox, meters.clone(), Handle::current());
        serve::start(lane, commands, counter, desk, meters.commit.clone())?;
        Ok(Self { queue, by_source, meters })
    }

    /// One that refuses everything, for a store that is only read.
    pub(super) fn closed() -> Self {
        let (queue, _) = mpsc::channel(1);
        Self { queue, by_source: Arc::default(), meters: Meters::default() }
    }

    /// How many writes wait for their transaction.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Returns once the event is durable, or says that it was not stored.
    pub async fn accept(&self, arrival: Arrival) -> Result<Accepted, StoreError> {
        let (reply, answer) = oneshot::channel();
        // Never an unbounded wait: a full queue is the sender's to retry.
        self.queue.try_send(Command::Accept(arrival, reply)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
        })?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    pub(crate) async fn record(&self, progress: Arc<Progress>) -> Result<bool, StoreError> {
        self.ask(|reply| Command::Record(progress, reply)).await
    }

    pub(crate) async fn claim(
        &self,
        limit: usize,
        under_way: Vec<RunId>,
    ) -> Result<Vec<Claimed>, StoreError> {
        self.ask(|reply| Command::Claim { limit, under_way, reply }).await
    }

    pub(crate) async fn extend_leases(&self, runs: Vec<RunId>) -> Result<(), StoreError> {
        self.ask(|reply| Command::ExtendLeases(runs, reply)).await
    }

    /// Lets runs of these workflows begin as far as there is room.
    pub(crate) async fn give_turns(&self, workflows: Vec<WorkflowId>) -> Result<(), StoreError> {
        self.ask(|reply| Command::GiveTurns(workflows, reply)).await
    }

    pub(crate) async fn repair(
        &self,
        event: EventId,
        repair: Repair,
        note: Option<String>,
    ) -> Result<EventRow, RepairError> {
        let (reply, answer) = oneshot::channel();
        let actor = audit::current();
        let said = note.as_deref().unwrap_or_default();
        let entry = Note::new(repair.action(), event.to_string()).saying(said);
        let author = actor.as_ref().map_or_else(|| "Sluice".to_owned(), |it| it.name.clone());
        let mending = Mending { event, repair, author, note, entry: entry.row(actor) };
        let sent = self.queue.send(Command::Repair(mending, reply)).await;
        sent.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    pub(crate) async fn bulk(&self, step: BulkStep) -> Result<Option<Operation>, StoreError> {
        self.ask(|reply| Command::Bulk(Box::new(step), reply)).await
    }

    pub(crate) async fn cancel(&self, cancel: Cancel) -> Result<(), CancelError> {
        let (reply, answer) = oneshot::channel();
        let entry = Note::new("run.cancelled", cancel.run.to_string()).row(audit::current());
        let sent = self.queue.send(Command::Cancel(cancel, entry, reply)).await;
        sent.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    pub(crate) async fn touch_keys(&self, used: Vec<(KeyId, Timestamp)>) -> Result<(), StoreError> {
        self.queue.send(Command::TouchKeys(used)).await.map_err(|_| StoreError::Closed)
    }

    /// Removes those of the events with these numbers that are settled.
    pub(crate) async fn purge(&self, seqs: Vec<i64>) -> Result<u64, StoreError> {
        self.ask(|reply| Command::Purge(seqs, reply)).await
    }

    /// From the next transaction on, what limits of sources are about is counted.
    pub(crate) fn count_by_source(&self) {
        self.by_source.store(true, Ordering::Relaxed);
    }

    pub(crate) async fn erase(&self, step: ErasureStep) -> Result<Option<Erasure>, StoreError> {
        self.ask(|reply| Command::Erase(Box::new(step), reply)).await
    }

    /// Nothing that was overwritten stays in SQLite's log; fails while readers need it.
    pub(super) async fn empty_log(&self) -> Result<(), StoreError> {
        self.ask(|reply| Command::Files(Chore::EmptyLog, reply)).await
    }

    /// Writes SQLite's database anew; everybody waits for it.
    pub(super) async fn rewrite(&self) -> Result<(), StoreError> {
        self.ask(|reply| Command::Files(Chore::Rewrite, reply)).await
    }

    /// Gives so many free pages of SQLite's database back, where it keeps account of them.
    pub(super) async fn give_back(&self, pages: i64) -> Result<(), StoreError> {
        self.ask(|reply| Command::Files(Chore::GiveBack(pages), reply)).await
    }

    pub async fn change(&self, mut change: Change) -> Result<(), StoreError> {
        change.entry = change.note.as_ref().and_then(|note| note.row(audit::current()));
        self.ask(|reply| Command::Change(change, reply)).await
    }

    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.queue.send(command(reply)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

pub(super) fn as_db_error(error: StoreError) -> DbErr {
    match error {
        StoreError::Unavailable(error) | StoreError::Database(error) => error,
        other => DbErr::Conn(RuntimeErr::Internal(other.to_string())),
    }
}
