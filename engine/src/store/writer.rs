//! The one door for writes. What has queued up is committed in one transaction; once that is on the
//! disk, its senders are answered and the changes are published, while the next one is committed.
//!
//! Invariant: nothing is answered, published or handed to the worker before it is durable.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr, RuntimeErr};
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
use crate::event::repair::{Repair, RepairError};
use crate::event::{Event, EventError, EventRow, EventStatus};
use crate::id::{EventId, KeyId, NodeId, RunId, WorkflowId};
use crate::live::Live;
use crate::meters::Meters;
use crate::run::cancel::{Cancel, CancelError};
use crate::run::room::Ticket;
use crate::run::turn::Turn;
use crate::run::worker::Inbox;
use crate::run::{RunState, RunStatus, StepAttempt};
use crate::time::Timestamp;
use crate::workflow::Workflow;

mod accept;
mod answer;
mod bulk;
mod cancel;
mod erase;
mod flush;
mod lane;
mod lease;
mod purge;
mod repair;
mod serve;
mod settle;
mod tally;
mod turns;
mod work;

pub use bulk::{BulkDeed, BulkStep};
pub use erase::{ErasureDeed, ErasureStep};

/// How many writes may wait; beyond this intake answers 503.
const QUEUE: usize = 8_192;

/// What a line of the journal takes with the bodies that it keeps, in bytes.
const LINE: usize = 32 * 1024;

/// An event to be stored, with the runs that it starts.
pub struct Arrival {
    pub event: Arc<Event>,
    /// The beginning of the payload, as a list shows it.
    pub preview: String,
    /// The headers of the event as JSON.
    pub headers: String,
    pub runs: Vec<NewRun>,
    /// Whether the sender named the event; then an earlier event of that name answers instead.
    pub named: bool,
    pub idempotency: Option<Idempotency>,
}

/// The key that a sender gave to this very request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// Unique among the requests made with one API key.
    pub key: String,
    /// SHA-256 of what the request said: the same key with another body is refused.
    pub fingerprint: String,
}

/// A run to be stored with its event.
pub struct NewRun {
    pub id: RunId,
    pub workflow: Arc<Workflow>,
    pub trigger: usize,
    /// Room at this node's worker: the run is leased by it at birth.
    pub ticket: Option<Ticket>,
    /// The run waits until it has its turn.
    pub turn: Option<Turn>,
}

/// What an arrival became.
#[derive(Debug, Clone)]
pub struct Accepted {
    pub id: EventId,
    pub status: EventStatus,
    /// The event had been stored before; `id` is the first one's.
    pub duplicate: bool,
}

/// Where a run stands after some work on it.
#[derive(Debug, Clone)]
pub struct Progress {
    pub run: RunId,
    pub workflow: WorkflowId,
    pub state: RunState,
    pub status: RunStatus,
    /// New journal entries.
    pub attempts: Vec<StepAttempt>,
    pub error: Option<EventError>,
    /// When it needs attention next; `None` once finished.
    pub due_at: Option<Timestamp>,
    /// Whether this node goes on working on it.
    pub keep_lease: bool,
    pub started_at: Timestamp,
    pub now: Timestamp,
}

/// A run taken from the queue.
#[derive(Debug)]
pub struct Claimed {
    pub run: RunId,
    pub event_seq: i64,
    pub workflow_id: WorkflowId,
    pub workflow_version: i64,
    pub trigger: usize,
    pub state: RunState,
    pub started_at: Option<Timestamp>,
}

type Apply =
    dyn for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<(), StoreError>> + Send + Sync;

/// A rare change (a key, a user, a workflow), applied in the same transaction as all else. It may be
/// applied twice when a batch is split, so it must not consume what it captures.
pub struct Change {
    apply: Box<Apply>,
    note: Option<Note>,
    entry: Option<audit::Row>,
}

impl Change {
    pub fn new(
        apply: impl for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<(), StoreError>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self { apply: Box::new(apply), note: None, entry: None }
    }

    /// What the audit log is to say of it, when someone came in to do it.
    #[must_use]
    pub fn noted(mut self, note: Note) -> Self {
        self.note = Some(note);
        self
    }
}

type Reply<T, E = StoreError> = oneshot::Sender<Result<T, E>>;

enum Command {
    Accept(Arrival, Reply<Accepted>),
    /// Answers whether this node still held the run.
    Record(Arc<Progress>, Reply<bool>),
    Cancel(Cancel, Option<audit::Row>, Reply<(), CancelError>),
    Repair(Mending, Reply<EventRow, RepairError>),
    /// Answers with the operation as it is then; `None` when the step was out of date.
    Bulk(Box<BulkStep>, Reply<Option<Operation>>),
    Claim {
        limit: usize,
        /// Those that this node works on keep their leases.
        under_way: Vec<RunId>,
        reply: Reply<Vec<Claimed>>,
    },
    ExtendLeases(Vec<RunId>, Reply<()>),
    GiveTurns(Vec<WorkflowId>, Reply<()>),
    TouchKeys(Vec<(KeyId, Timestamp)>),
    /// Answers how many events were removed.
    Purge(Vec<i64>, Reply<u64>),
    /// Answers with the erasure as it is then; `None` when the step was out of date.
    Erase(Box<ErasureStep>, Reply<Option<Erasure>>),
    /// What is done to SQLite's files, between two commits.
    Files(Chore, Reply<()>),
    Change(Change, Reply<()>),
}

/// What is done to SQLite's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chore {
    /// Copy all of the log and empty it.
    EmptyLog,
    /// Write the database anew.
    Rewrite,
    /// Cut free pages off the end of the database, so many at most.
    GiveBack(i64),
}

/// What somebody wants done about one event.
struct Mending {
    event: EventId,
    repair: Repair,
    /// Who wants it.
    author: String,
    /// What is noted about the event.
    note: Option<String>,
    entry: Option<audit::Row>,
}

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

impl Command {
    /// Whether the command does not need to see what the batch has written before it.
    fn reads_only_what_is_committed(&self) -> bool {
        matches!(self, Self::Accept(..) | Self::Record(..))
    }

    /// The workflows whose turns it may change, as far as that is known beforehand.
    fn turned(&self) -> Vec<WorkflowId> {
        match self {
            Self::Accept(arrival, _) => turns::of(arrival).collect(),
            Self::Record(progress, _) => {
                let ends = progress.status.is_finished() && progress.state.turn.is_some();
                ends.then_some(progress.workflow).into_iter().collect()
            }
            Self::Cancel(cancel, ..) => cancel.turned.into_iter().collect(),
            Self::GiveTurns(workflows, _) => workflows.clone(),
            _ => Vec::new(),
        }
    }

    /// About how many bytes it writes, where it can be many.
    fn size(&self) -> usize {
        match self {
            Self::Accept(arrival, _) => arrival.event.payload.len() + arrival.headers.len(),
            Self::Record(progress, _) => progress.attempts.len() * LINE,
            _ => 0,
        }
    }

    fn fail(self, error: StoreError) {
        // A sender that no longer waits needs no answer.
        let _gone = match self {
            Self::Accept(_, reply) => reply.send(Err(error)).is_err(),
            Self::Record(_, reply) => reply.send(Err(error)).is_err(),
            Self::Cancel(.., reply) => reply.send(Err(error.into())).is_err(),
            Self::Repair(_, reply) => reply.send(Err(error.into())).is_err(),
            Self::Bulk(_, reply) => reply.send(Err(error)).is_err(),
            Self::Claim { reply, .. } => reply.send(Err(error)).is_err(),
            Self::Purge(_, reply) => reply.send(Err(error)).is_err(),
            Self::Erase(_, reply) => reply.send(Err(error)).is_err(),
            Self::ExtendLeases(_, reply)
            | Self::GiveTurns(_, reply)
            | Self::Change(_, reply)
            | Self::Files(_, reply) => reply.send(Err(error)).is_err(),
            Self::TouchKeys(_) => false,
        };
    }
}

pub(super) fn as_db_error(error: StoreError) -> DbErr {
    match error {
        StoreError::Unavailable(error) | StoreError::Database(error) => error,
        other => DbErr::Conn(RuntimeErr::Internal(other.to_string())),
    }
}
