//! What may be asked of the writer, and what each asks with.

use std::sync::Arc;

use futures::future::BoxFuture;
use sea_orm::DatabaseTransaction;
use tokio::sync::oneshot;

use super::{BulkStep, ErasureStep, StoreError, turns};
use crate::audit::{self, Note};
use crate::bulk::Operation;
use crate::erasure::Erasure;
use crate::event::repair::{Repair, RepairError};
use crate::event::{Event, EventError, EventRow, EventStatus};
use crate::id::{EventId, KeyId, RunId, WorkflowId};
use crate::run::birth::Birth;
use crate::run::cancel::{Cancel, CancelError};
use crate::run::{RunState, RunStatus, StepAttempt, StoredState};
use crate::time::Timestamp;
use crate::workflow::Workflow;

/// An event to be stored, with the runs that it starts.
pub struct Arrival {
    pub event: Arc<Event>,
    /// The beginning of the payload, as a list shows it.
    pub preview: String,
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
    pub birth: Birth,
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
    pub state: StoredState,
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
    pub(super) apply: Box<Apply>,
    pub(super) note: Option<Note>,
    pub(super) entry: Option<audit::Row>,
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

pub(super) type Reply<T, E = StoreError> = oneshot::Sender<Result<T, E>>;

pub(super) enum Command {
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
pub(super) enum Chore {
    /// Copy all of the log and empty it.
    EmptyLog,
    /// Write the database anew.
    Rewrite,
    /// Cut free pages off the end of the database, so many at most.
    GiveBack(i64),
}

/// What somebody wants done about one event.
pub(super) struct Mending {
    pub(super) event: EventId,
    pub(super) repair: Repair,
    /// Who wants it.
    pub(super) author: String,
    /// What is noted about the event.
    pub(super) note: Option<String>,
    pub(super) entry: Option<audit::Row>,
}

impl Command {
    /// Whether the command does not need to see what the batch has written before it.
    pub(super) fn reads_only_what_is_committed(&self) -> bool {
        matches!(self, Self::Accept(..) | Self::Record(..))
    }

    /// Whether it leaves events and runs as they are, but for leases and when runs are due.
    pub(super) fn leaves_runs(&self) -> bool {
        match self {
            Self::Claim { .. }
            | Self::ExtendLeases(..)
            | Self::GiveTurns(..)
            | Self::TouchKeys(..)
            | Self::Files(..) => true,
            Self::Accept(..)
            | Self::Record(..)
            | Self::Bulk(..)
            | Self::Repair(..)
            | Self::Cancel(..)
            | Self::Change(..)
            | Self::Purge(..)
            | Self::Erase(..) => false,
        }
    }

    /// The workflows whose turns it may change, as far as that is known beforehand.
    pub(super) fn turned(&self) -> Vec<WorkflowId> {
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
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Accept(arrival, _) => {
                arrival.event.payload.len() + arrival.event.headers.as_text().len()
            }
            Self::Record(progress, _) => {
                let lines = progress.attempts.iter().map(StepAttempt::size);
                progress.state.text.len() + lines.sum::<usize>()
            }
            _ => 0,
        }
    }

    pub(super) fn fail(self, error: StoreError) {
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
