//! Works runs off: takes those leased to this node at birth, claims others when they are due, and
//! writes down every attempt before it goes on.
//!
//! Invariant: what a run has done is in the store before the run does anything else, so a crash
//! repeats at most the attempt that was under way.

use std::sync::Arc;
#[cfg(test)]
use std::sync::Mutex;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::room::{Place, Ticket};
use super::{RunState, poison};
use crate::Engine;
use crate::event::Event;
use crate::id::RunId;
use crate::time::Timestamp;
use crate::workflow::Workflow;

mod claim;
mod held;
mod lines;
mod rounds;
mod working;

use held::{Held, UnderWay};
use lines::Lines;

/// How long a node may be silent before others take its runs.
pub(crate) const LEASE_MILLIS: i64 = 30_000;
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(10);
/// Due runs are looked for at least this often, also without a wake-up.
const POLL: Duration = Duration::from_millis(500);

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

/// Works until `stop`, then lets the attempts under way end. Runs that were born here wait for nothing
/// that the rounds wait for.
pub async fn work(worker: Worker, engine: Engine, stop: CancellationToken) {
    let Worker { mut orders, due } = worker;
    let floor = Arc::new(Floor::new(engine, stop));
    floor.inherit().await;
    floor.tasks.spawn(rounds::go(Arc::clone(&floor), due));
    let mut waiting = Lines::default();
    loop {
        tokio::select! {
            () = floor.stop.cancelled() => break,
            Some(order) = orders.recv() => match order {
                Order::Work(assignment, ticket) => floor.take_in(&mut waiting, *assignment, ticket),
                Order::Drop(run) => floor.held.end(run),
            },
            () = floor.engine.room.freed_for_waiting(), if !waiting.is_empty() => {
                floor.seat(&mut waiting);
            }
        }
    }
    // What was still on its way here, or waits, is given back at once, and need not wait for its lease to
    // run out.
    orders.close();
    while let Some(order) = orders.recv().await {
        if let Order::Work(assignment, ticket) = order {
            floor.take_in(&mut waiting, *assignment, ticket);
        }
    }
    while let Some(born) = waiting.pop(|_| true) {
        floor.start(born.assignment, born.under_way, None);
    }
    floor.tasks.close();
    floor.tasks.wait().await;
    rounds::keep_clock(&floor.engine, None).await;
}

/// Where runs are worked on.
struct Floor {
    engine: Engine,
    stop: CancellationToken,
    tasks: TaskTracker,
    held: Held,
}

/// A run that was born here and waits for a place.
struct Born {
    assignment: Assignment,
    under_way: UnderWay,
    _ticket: Ticket,
}

impl Floor {
    fn new(engine: Engine, stop: CancellationToken) -> Self {
        Self { engine, stop, tasks: TaskTracker::new(), held: Held::default() }
    }

    /// Begins with a run that was born here, or lets it wait for a place.
    fn take_in(&self, waiting: &mut Lines<Born>, assignment: Assignment, ticket: Ticket) {
        let workflow = assignment.workflow.id;
        // Noted before the next order is read: it may end this very run.
        let under_way = self.held.begin(assignment.run);
        let place = match waiting.has(workflow) {
            true => None,
            false => self.engine.room.at_birth(workflow),
        };
        match place {
            Some(place) => self.start(assignment, under_way, Some(place)),
            None => waiting.push(workflow, Born { assignment, under_way, _ticket: ticket }),
        }
    }

    /// Gives places to runs that wait for one, as far as there are some.
    fn seat(&self, waiting: &mut Lines<Born>) {
        let may = |workflow| self.engine.room.may_have_more(workflow);
        // No place is taken that nobody may have: all who wait are told of one that was not needed.
        while waiting.has_any(may)
            && let Some(free) = self.engine.room.for_waiting()
            && let Some(Born { assignment, under_way, .. }) = waiting.pop(may)
        {
            if !under_way.is_ended() {
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
                () = under_way.ended() => Ok(Ok(())),
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
