//! What follows a commit: once it is durable, the changes are published, runs are handed to the worker
//! and the senders are answered.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::flush::Flusher;
use super::lane::Outcomes;
use super::work::Outcome;
use super::{Accepted, Arrival, Command, Progress, Reply, StoreError};
use crate::event::{EventRow, EventStatus};
use crate::id::RunId;
use crate::live::{Cursor, Live, LiveChange};
use crate::meters::Meters;
use crate::run::birth::Birth;
use crate::run::worker::{Assignment, Inbox};
use crate::run::{RunState, RunStatus};

/// How many transactions may wait for the desk, beside those that it has.
const COMMITTED: usize = 1;

/// A transaction whose senders wait.
pub(super) struct Committed {
    batch: Vec<Command>,
    outcomes: Outcomes,
}

/// The writer's side of the desk.
pub(super) struct Counter {
    desk: mpsc::Sender<Committed>,
}

impl Counter {
    /// Passes a transaction on to the desk, and waits while the desk is behind.
    pub(super) async fn pass(&self, batch: Vec<Command>, outcomes: Outcomes) {
        let committed = Committed { batch, outcomes };
        if let Err(mpsc::error::SendError(committed)) = self.desk.send(committed).await {
            fail(committed.batch, StoreError::Closed);
        }
    }
}

/// Tells all of them the same.
pub(super) fn fail(mut batch: Vec<Command>, error: StoreError) {
    if batch.len() == 1 {
        return batch.remove(0).fail(error);
    }
    let error = Arc::new(error);
    batch.into_iter().for_each(|command| command.fail(StoreError::shared(&error)));
}

pub(super) struct Desk {
    committed: mpsc::Receiver<Committed>,
    flusher: Flusher,
    live: Live,
    inbox: Inbox,
    meters: Meters,
    /// Where the senders wait.
    senders: Handle,
}

impl Desk {
    /// The desk, and the counter at which the writer stands.
    pub(super) fn new(
        flusher: Flusher,
        live: Live,
        inbox: Inbox,
        meters: Meters,
        senders: Handle,
    ) -> (Self, Counter) {
        let (desk, committed) = mpsc::channel(COMMITTED);
        let counter = Counter { desk };
        (Self { committed, flusher, live, inbox, meters, senders }, counter)
    }

    /// Nobody waits for this thread but those whom it answers.
    pub(super) async fn serve(mut self) {
        let mut waiting = Vec::new();
        while self.committed.recv_many(&mut waiting, usize::MAX).await > 0 {
            // One flush serves all that were committed before it.
            let flushed = self.flusher.flush();
            for Committed { batch, outcomes } in waiting.drain(..) {
                match self.flusher.outcome(&flushed, outcomes.generation) {
                    Ok(()) => self.answer(batch, outcomes),
                    Err(error) => fail(batch, error),
                }
            }
        }
    }

    /// Publishes what was committed, hands leased runs to the worker and answers the senders.
    fn answer(&self, batch: Vec<Command>, outcomes: Outcomes) {
        self.count(&batch, &outcomes);
        let Outcomes { each, changes, before, last, .. } = outcomes;
        self.live.publish(last, || {
            let arrived = arrivals(&batch, &each, before).chain(brought(&each, before));
            arrived.chain(changes).collect()
        });
        self.live.publish_runs(|| moved_runs(&batch, &each));
        let mut queued = false;
        let (mut stored, mut recorded) = (Vec::new(), Vec::new());
        for (command, outcome) in batch.into_iter().zip(each) {
            let _gone = match (command, outcome) {
                (Command::Accept(mut arrival, reply), Outcome::Accepted(accepted, seq)) => {
                    if let Some(seq) = seq {
                        queued |= self.hand_over(&mut arrival, seq);
                    }
                    stored.push((arrival, accepted, reply));
                    false
                }
                (Command::Accept(_, reply), Outcome::KeyReused) => {
                    reply.send(Err(StoreError::KeyReused)).is_err()
                }
                (Command::Record(progress, reply), Outcome::Recorded(held)) => {
                    let gives_turn = progress.due_at.is_none() && progress.state.turn.is_some();
                    queued |= gives_turn || (progress.due_at.is_some() && !progress.keep_lease);
                    recorded.push((progress, held, reply));
                    false
                }
                (Command::Cancel(cancel, _, reply), Outcome::Cancelled(result)) => {
                    if result.is_ok() {
                        self.inbox.drop_run(cancel.run);
                        queued = true;
                    }
                    reply.send(result).is_err()
                }
                (Command::Repair(.., reply), Outcome::Repaired(result)) => {
                    queued |= result.is_ok();
                    reply.send(*result).is_err()
                }
                (Command::Bulk(_, reply), Outcome::Bulk(done)) => {
                    queued = true;
                    reply.send(Ok(done.map(|done| done.0))).is_err()
                }
                (Command::Claim { reply, .. }, Outcome::Claimed(runs)) => {
                    reply.send(Ok(runs)).is_err()
                }
                (Command::Erase(_, reply), Outcome::Erased(done)) => {
                    let done = done.map(|done| {
                        let (erasure, runs) = *done;
                        runs.into_iter().for_each(|run| self.inbox.drop_run(run));
                        erasure
                    });
                    reply.send(Ok(done)).is_err()
                }
                (Command::Purge(_, reply), Outcome::Purged(count)) => {
                    reply.send(Ok(count)).is_err()
                }
                (Command::Change(_, reply), Outcome::Changed(result)) => {
                    reply.send(result).is_err()
                }
                (Command::ExtendLeases(_, reply), _) => reply.send(Ok(())).is_err(),
                (Command::GiveTurns(_, reply), _) => {
                    queued = true;
                    reply.send(Ok(())).is_err()
                }
                (_, _) => false,
            };
        }
        if queued {
            self.inbox.wake();
        }
        self.tell(stored, recorded);
    }

    /// Tells senders that their events are stored, and runs that what they did is, on a thread of theirs:
    /// waking a task from another thread costs several times as much, and all wait for this one.
    fn tell(
        &self,
        stored: Vec<(Arrival, Accepted, Reply<Accepted>)>,
        recorded: Vec<(Arc<Progress>, bool, Reply<bool>)>,
    ) {
        if !stored.is_empty() || !recorded.is_empty() {
            self.senders.spawn(async move {
                // Who no longer waits needs no answer.
                for (_arrival, accepted, reply) in stored {
                    let _gone = reply.send(Ok(accepted)).is_err();
                }
                for (_progress, held, reply) in recorded {
                    let _gone = reply.send(Ok(held)).is_err();
                }
            });
        }
    }

    fn count(&self, batch: &[Command], outcomes: &Outcomes) {
        let meters = &self.meters;
        for (command, outcome) in batch.iter().zip(&outcomes.each) {
            match (command, outcome) {
                (_, Outcome::Accepted(_, Some(_))) => _ = meters.accepted.inc(),
                (_, Outcome::Accepted(_, None)) => _ = meters.duplicates.inc(),
                (_, Outcome::Bulk(Some(done))) => {
                    meters.accepted.inc_by(done.1.len() as u64);
                }
                (Command::Record(progress, _), Outcome::Recorded(true)) if !progress.state.test => {
                    for attempt in &progress.attempts {
                        let result = if attempt.succeeded { "succeeded" } else { "failed" };
                        meters.attempts.get_or_create(&[("result", result)]).inc();
                    }
                    if progress.status.is_finished() {
                        let outcome = progress.status.as_str();
                        meters.runs.get_or_create(&[("outcome", outcome)]).inc();
                        report(progress);
                    }
                }
                _ => {}
            }
        }
        for row in outcomes.changes.iter().map(|change| &change.row) {
            if row.status == EventStatus::Failed {
                tracing::info!(event = %row.id, kind = row.event_type.as_str(), "an event failed");
            }
        }
        for took in &outcomes.took {
            meters.settle.observe(*took as f64 / 1_000.0);
        }
    }

    /// Gives the runs leased at birth to the worker; says whether others wait in the queue.
    fn hand_over(&self, arrival: &mut Arrival, event_seq: i64) -> bool {
        let mut queued = false;
        for run in std::mem::take(&mut arrival.runs) {
            let ticket = match run.birth {
                Birth::Leased(ticket) => ticket,
                Birth::Waiting { .. } => continue,
                Birth::Queued | Birth::InLine(_) => {
                    queued = true;
                    continue;
                }
            };
            let assignment = Assignment {
                run: run.id,
                event_seq,
                event: Arc::clone(&arrival.event),
                workflow: run.workflow,
                trigger: run.trigger,
                state: RunState::default(),
                started_at: None,
            };
            self.inbox.assign(assignment, ticket);
        }
        queued
    }
}

/// What the log says of a run that has ended: of one that failed always, of others when asked.
fn report(progress: &Progress) {
    let (run, attempts) = (progress.run, progress.state.attempts);
    match &progress.error {
        Some(error) if progress.status == RunStatus::Failed => {
            let (code, error) = (&error.error_code, &error.error_message);
            tracing::info!(%run, attempts, code, error, "a run failed");
        }
        _ => tracing::debug!(%run, attempts, outcome = progress.status.as_str(), "a run ended"),
    }
}

/// The events that were stored, as changes for those who watch.
fn arrivals<'b>(
    batch: &'b [Command],
    each: &'b [Outcome],
    before: Cursor,
) -> impl Iterator<Item = LiveChange> + 'b {
    batch.iter().zip(each).filter_map(move |(command, outcome)| match (command, outcome) {
        (Command::Accept(arrival, _), Outcome::Accepted(_, Some(seq))) => {
            let (event, preview) = (&arrival.event, &arrival.preview);
            let row = EventRow::arrived(event, preview, *seq, arrival.runs.len());
            let cursor = Cursor { seq: *seq, ..before };
            Some(LiveChange { cursor, row: Arc::new(row) })
        }
        _ => None,
    })
}

/// The runs that were born, worked on or cancelled.
fn moved_runs(batch: &[Command], each: &[Outcome]) -> Vec<RunId> {
    let mut moved = Vec::new();
    for (command, outcome) in batch.iter().zip(each) {
        match (command, outcome) {
            (Command::Accept(arrival, _), Outcome::Accepted(_, Some(_))) => {
                moved.extend(arrival.runs.iter().map(|run| run.id));
            }
            (Command::Record(progress, _), Outcome::Recorded(true)) => moved.push(progress.run),
            (Command::Cancel(cancel, ..), Outcome::Cancelled(Ok(()))) => moved.push(cancel.run),
            _ => {}
        }
    }
    moved
}

/// The events that operations brought, as changes for those who watch.
fn brought(each: &[Outcome], before: Cursor) -> impl Iterator<Item = LiveChange> + '_ {
    let rows = each.iter().filter_map(|outcome| match outcome {
        Outcome::Bulk(Some(done)) => Some(done.1.iter()),
        _ => None,
    });
    rows.flatten().map(move |row| {
        let cursor = Cursor { seq: row.seq, ..before };
        LiveChange { cursor, row: Arc::new(row.clone()) }
    })
}
