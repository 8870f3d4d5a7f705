//! What is looked after again and again: runs in the queue that are due, the leases of those under way, those
//! that were cancelled elsewhere.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::claim::Queue;
use super::{Floor, HEARTBEAT, POLL};
use crate::Engine;
use crate::pace::every;
use crate::run::{cancel, turn};
use crate::time::Timestamp;
use crate::time::steady::kept::{self, Kept};

/// So many leases are extended in one transaction: others wait for it.
const AT_ONCE: usize = 1_000;
/// Runs that another node has cancelled are looked for this often.
const LOOK: Duration = Duration::from_secs(1);
/// How long few free places may lie idle while runs wait for one; and how often is looked while runs become due
/// again and again, for few at a time hold up nobody.
const SOON: Duration = Duration::from_millis(10);
/// So long after the last run that was due more are expected.
const EXPECTED: Duration = Duration::from_secs(1);

/// Goes on until the worker stops.
pub(super) async fn go(floor: Arc<Floor>, due: Arc<Notify>) {
    let (mut heartbeat, mut poll, mut look) = (every(HEARTBEAT), every(POLL), every(LOOK));
    let (mut soon, mut watch, mut clock) = (every(SOON), Watch::new(floor.engine.steady()), None);
    loop {
        tokio::select! {
            () = floor.stop.cancelled() => return,
            _ = look.tick() => floor.drop_cancelled().await,
            () = due.notified() => watch.claim(&floor, watch.queue).await,
            () = floor.engine.room.freed_for_queued(), if watch.queue == Queue::Waits => {
                watch.claim(&floor, Queue::Waits).await;
            }
            // Whether they still wait is looked for, and the fewest places will do.
            _ = soon.tick(), if watch.queue != Queue::Empty => watch.claim(&floor, Queue::Flows).await,
            _ = poll.tick() => {
                clock = keep_clock(&floor.engine, clock).await;
                watch.claim(&floor, Queue::Flows).await;
            }
            _ = heartbeat.tick() => watch.beat(&floor).await,
        }
    }
}

/// What is expected of the queue, and when it was looked after what is under way.
struct Watch {
    queue: Queue,
    /// When runs were found in it last.
    found: Instant,
    /// When the leases of all were looked after last.
    beaten: Timestamp,
}

impl Watch {
    fn new(now: Timestamp) -> Self {
        Self { queue: Queue::Empty, found: Instant::now(), beaten: now }
    }

    async fn beat(&mut self, floor: &Floor) {
        let now = floor.engine.steady();
        if floor.beat().await {
            self.beaten = now;
        }
    }

    async fn claim(&mut self, floor: &Floor, queue: Queue) {
        self.queue = floor.claim(queue, self.beaten).await;
        match self.queue {
            Queue::Empty if self.found.elapsed() < EXPECTED => self.queue = Queue::Flows,
            Queue::Empty => {}
            Queue::Flows | Queue::Waits => self.found = Instant::now(),
        }
    }
}

/// Writes down how far steady time has come, as far as more is known than at the `last` time.
pub(super) async fn keep_clock(engine: &Engine, last: Option<Kept>) -> Option<Kept> {
    match kept::keep(engine, last).await {
        Ok(kept) => kept,
        Err(error) => {
            tracing::debug!(%error, "the clock's course could not be kept");
            last
        }
    }
}

impl Floor {
    async fn drop_cancelled(&self) {
        match cancel::elsewhere(&self.engine, self.held.runs()).await {
            Ok(cancelled) => cancelled.into_iter().for_each(|run| self.held.end(run)),
            Err(error) => tracing::debug!(%error, "cancelled runs could not be looked for"),
        }
    }

    /// Keeps the leases of the runs under way, and of those that wait here; says whether all were kept.
    async fn beat(&self) -> bool {
        let mut kept = Ok(());
        for some in self.held.runs().chunks(AT_ONCE) {
            kept = kept.and(self.engine.store.writer.extend_leases(some.to_vec()).await);
        }
        if let Err(error) = &kept {
            tracing::warn!(%error, "leases could not be extended");
        }
        if let Err(error) = turn::give_free(&self.engine).await {
            tracing::debug!(%error, "free turns could not be given");
        }
        kept.is_ok()
    }
}
