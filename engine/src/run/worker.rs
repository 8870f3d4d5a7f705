//! Works runs off: takes those leased to this node at birth, claims others when they are due, and
//! writes down every attempt before it goes on.
//!
//! Invariant: what a run has done is in the store before the run does anything else, so a crash
//! repeats at most the attempt that was under way.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::{Notify, mpsc};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::room::{Place, Ticket};
use super::{RunState, cancel, poison, turn};
use crate::Engine;
use crate::event::Event;
use crate::id::RunId;
use crate::time::Timestamp;
use crate::time::steady::kept;
use crate::workflow::Workflow;

mod claim;
mod lines;
mod working;

use lines::Lines;

/// How long a node may be silent before others take its runs.
pub(crate) const LEASE_MILLIS: i64 = 30_000;
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(10);
/// So many leases are extended in one transaction: others wait for it.
const AT_ONCE: usize = 1_000;
/// Runs that another node has cancelled are looked for this often.
const LOOK: Duration = Duration::from_secs(1);
/// Due runs are looked for at least this often, also without a wake-up.
const POLL: Duration = Duration::from_millis(500);
/// How long few free places may lie idle while runs wait for one.
const SOON: Duration = Duration::from_millis(10);

/// A run leased to this node, with all it needs.
pub struct Assignment {
    pub run: RunId,
    pub event_seq: i64,
    pub event: Arc<Event>,
    pub workflow: Arc<Workflow>,
    pub trigger: usize,
    pub state: RunState,
    pub started_at: Option<Timestamp>,
}

/// What the writer tells the worker, in the order of the commits.
enum Order {
    /// A run that was born here.
    Work(Box<Assignment>, Ticket),
    /// The run has ended by hand: nothing that it does counts any more.
    Drop(RunId),
}

/// Where the writer puts what the worker should do.
#[derive(Clone)]
pub struct Inbox {
    orders: mpsc::UnboundedSender<Order>,
    due: Arc<Notify>,
}

impl Inbox {
    /// Bounded by the tickets.
    pub(crate) fn assign(&self, assignment: Assignment, ticket: Ticket) {
        // After shutdown nobody receives; the lease runs out and the run is claimed again.
        let _ended = self.orders.send(Order::Work(Box::new(assignment), ticket));
    }

    /// Stops the work on a run that was ended in the store.
    pub(crate) fn drop_run(&self, run: RunId) {
        let _ended = self.orders.send(Order::Drop(run));
    }

    pub(crate) fn wake(&self) {
        self.due.notify_one();
    }
}

/// The worker before it runs: its queue exists before the store is opened.
pub struct Worker {
    orders: mpsc::UnboundedReceiver<Order>,
    due: Arc<Notify>,
}

pub fn new() -> (Worker, Inbox) {
    let (sender, orders) = mpsc::unbounded_channel();
    let due = Arc::new(Notify::new());
    let inbox = Inbox { orders: sender, due: Arc::clone(&due) };
    (Worker { orders, due }, inbox)
}

/// Works until `stop`, then lets the attempts under way end.
pub async fn work(mut worker: Worker, engine: Engine, stop: CancellationToken) {
    let mut floor = Floor::new(engine, stop);
    floor.inherit().await;
    let mut heartbeat = tokio::time::interval(HEARTBEAT);
    let mut poll = tokio::time::interval(POLL);
    let mut look = tokio::time::interval(LOOK);
    let mut soon = tokio::time::interval(SOON);
    soon.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut clock_kept = None;
    // Whether runs wait in the queue for a place.
    let mut queued = false;
    loop {
        tokio::select! {
            () = floor.stop.cancelled() => break,
            Some(order) = worker.orders.recv() => match order {
                Order::Work(assignment, ticket) => floor.take_in(*assignment, ticket),
                Order::Drop(run) => floor.drop_work(run),
            },
            _ = look.tick() => match cancel::elsewhere(&floor.engine, floor.held_runs()).await {
                Ok(cancelled) => cancelled.into_iter().for_each(|run| floor.drop_work(run)),
                Err(error) => tracing::debug!(%error, "cancelled runs could not be looked for"),
            },
            () = worker.due.notified() => queued = floor.claim(queued).await,
            () = floor.engine.room.freed(), if queued || !floor.waiting.is_empty() => {
                floor.seat();
                if queued {
                    queued = floor.claim(true).await;
                }
            }
            // Whether they still wait is looked for, and the fewest places will do.
            _ = soon.tick(), if queued => queued = floor.claim(false).await,
            _ = poll.tick() => {
                match kept::keep(&floor.engine, clock_kept).await {
                    Ok(kept) => clock_kept = kept,
                    Err(error) => tracing::debug!(%error, "the clock's course could not be kept"),
                }
                queued = floor.claim(false).await;
            }
            _ = heartbeat.tick() => floor.beat().await,
        }
    }
    // What was still on its way here, or waits, is given back at once, and need not wait for its lease to
    // run out.
    worker.orders.close();
    while let Some(order) = worker.orders.recv().await {
        if let Order::Work(assignment, ticket) = order {
            floor.take_in(*assignment, ticket);
        }
    }
    while let Some(born) = floor.waiting.pop() {
        floor.start(born.assignment, born.under_way, None);
    }
    floor.tasks.close();
    floor.tasks.wait().await;
    if let Err(error) = kept::keep(&floor.engine, None).await {
        tracing::debug!(%error, "the clock's course could not be kept");
    }
}

/// Where runs are worked on.
struct Floor {
    engine: Engine,
    stop: CancellationToken,
    tasks: TaskTracker,
    held: Held,
    waiting: Lines<Born>,
    /// When the leases of all that are held were looked after last.
    beaten: Timestamp,
}

/// A run that was born here and waits for a place.
struct Born {
    assignment: Assignment,
    under_way: UnderWay,
    _ticket: Ticket,
}

/// The runs under way, whose leases are extended, and what ends the work on each.
#[derive(Clone, Default)]
struct Held(Arc<Mutex<HashMap<RunId, Arc<CancellationToken>>>>);

/// The work on one run. A run that was given back may have begun anew before this ends, so it takes out no
/// more than itself.
struct UnderWay {
    held: Held,
    run: RunId,
    end: Arc<CancellationToken>,
}

impl Held {
    fn runs(&self) -> MutexGuard<'_, HashMap<RunId, Arc<CancellationToken>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, run: RunId) -> UnderWay {
        let end = Arc::new(CancellationToken::new());
        self.runs().insert(run, Arc::clone(&end));
        UnderWay { held: self.clone(), run, end }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut runs = self.held.runs();
        if runs.get(&self.run).is_some_and(|end| Arc::ptr_eq(end, &self.end)) {
            runs.remove(&self.run);
        }
    }
}

impl Floor {
    fn new(engine: Engine, stop: CancellationToken) -> Self {
        let beaten = engine.steady();
        let (tasks, held, waiting) = (TaskTracker::new(), Held::default(), Lines::default());
        Self { engine, stop, tasks, held, waiting, beaten }
    }

    fn held_runs(&self) -> HashSet<RunId> {
        self.held.runs().keys().copied().collect()
    }

    fn drop_work(&self, run: RunId) {
        if let Some(end) = self.held.runs().get(&run) {
            end.cancel();
        }
    }

    /// Keeps the leases of the runs under way, and of those that wait here.
    async fn beat(&mut self) {
        let (now, runs) = (self.engine.steady(), Vec::from_iter(self.held_runs()));
        let mut kept = Ok(());
        for some in runs.chunks(AT_ONCE) {
            kept = kept.and(self.engine.store.writer.extend_leases(some.to_vec()).await);
        }
        match kept {
            Ok(()) => self.beaten = now,
            Err(error) => tracing::warn!(%error, "leases could not be extended"),
        }
        if let Err(error) = turn::give_free(&self.engine).await {
            tracing::debug!(%error, "free turns could not be given");
        }
    }

    /// Begins with a run that was born here, or lets it wait for a place.
    fn take_in(&mut self, assignment: Assignment, ticket: Ticket) {
        let workflow = assignment.workflow.id;
        // Noted before the next order is read: it may end this very run.
        let under_way = self.held.begin(assignment.run);
        let place = match self.waiting.has(workflow) {
            true => None,
            false => self.engine.room.at_birth(workflow),
        };
        match place {
            Some(place) => self.start(assignment, under_way, Some(place)),
            None => self.waiting.push(workflow, Born { assignment, under_way, _ticket: ticket }),
        }
    }

    /// Gives places to runs that wait for one, as far as there are some.
    fn seat(&mut self) {
        while !self.waiting.is_empty()
            && let Some(free) = self.engine.room.for_waiting()
            && let Some(Born { assignment, under_way, .. }) = self.waiting.pop()
        {
            if !under_way.end.is_cancelled() {
                let place = self.engine.room.give(free, assignment.workflow.id);
                self.start(assignment, under_way, Some(place));
            }
        }
    }

    fn start(&self, assignment: Assignment, under_way: UnderWay, place: Option<Place>) {
        let (engine, stop, run) = (self.engine.clone(), self.stop.clone(), assignment.run);
        self.tasks.spawn(async move {
            let work = working::advance(&engine, &stop, assignment, place);
            // A panic in one run must not end the worker; the run is poison and says so.
            let work = std::panic::AssertUnwindSafe(work).catch_unwind();
            let worked = tokio::select! {
                worked = work => worked,
                // A call under way is dropped with its connection.
                () = under_way.end.cancelled() => Ok(Ok(())),
            };
            match worked {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::warn!(%run, %error, "the run is left to be claimed again")
                }
                Err(_) => {
                    tracing::error!(%run, "the run panicked; it is ended as failed");
                    if let Err(error) = Box::pin(poison::give_up(&engine, run)).await {
                        tracing::warn!(%run, %error, "the run is left to be claimed again");
                    }
                }
            }
        });
    }
}

/// The workflow whose runs panic.
#[cfg(test)]
static PANICS: Mutex<Option<&'static str>> = Mutex::new(None);

#[cfg(test)]
pub(super) fn panic_at(workflow: &'static str) {
    *PANICS.lock().unwrap() = Some(workflow);
}

#[cfg(test)]
fn panic_if_told(assignment: &Assignment) {
    let told = *PANICS.lock().unwrap();
    assert_ne!(Some(assignment.workflow.definition.name.as_str()), told, "as the test says");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_ends_takes_out_no_more_than_itself() {
        let (held, run) = (Held::default(), RunId::new(1));
        let first = held.begin(run);
        let second = held.begin(run);
        drop(first);
        assert!(held.runs().contains_key(&run), "the second is under way");
        drop(second);
        assert!(held.runs().is_empty());
    }
}
