//! The room of this node's worker: how many runs it works on at once, who has it, and how much memory
//! others may take while they wait for it.
//!
//! Runs that are born here are leased by this node as long as it has memory for their workflow; others queue up
//! in the store and are claimed. Invariant: runs of one workflow never take the last places at birth, and those
//! that have waited leave some to those that come and to the queue, so a flood for a slow receiver keeps nobody
//! else from beginning.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::id::WorkflowId;

mod memory;
mod shares;

use memory::Memory;
pub use memory::Ticket;
use shares::Shares;

/// How many runs this node works on at once.
const ROOM: usize = 256;
/// So many places one workflow may have when another of its runs is born; as many as one host may have
/// calls.
const SHARE: usize = 192;
/// Room that is left to runs that begin with their events: a long queue must not come before them all.
const FOR_NEW: usize = 24;
/// Room that runs which waited in memory leave to those in the queue.
const FOR_QUEUED: usize = 24;
// Where one workflow has its share, those of others that wait still find some.
const _: () = assert!(FOR_NEW + FOR_QUEUED < ROOM - SHARE);

#[derive(Clone)]
pub(crate) struct Room {
    places: Arc<Semaphore>,
    memory: Memory,
    /// The places of each workflow.
    shares: Arc<Mutex<Shares>>,
    freed: Arc<Freed>,
}

/// Who is told of a free place: those that wait for one in memory, and those in the queue.
#[derive(Default)]
struct Freed {
    waiting: Notify,
    queued: Notify,
}

/// The place of one run; it is free again when this goes.
pub struct Place {
    permit: Option<OwnedSemaphorePermit>,
    workflow: WorkflowId,
    shares: Arc<Mutex<Shares>>,
    freed: Arc<Freed>,
}

/// A place that nobody has yet; when none is found who needs it, those that wait are told.
pub(crate) struct Free {
    permit: Option<OwnedSemaphorePermit>,
    freed: Arc<Freed>,
}

impl Room {
    /// Of a node that is the `only` one, or of one among others.
    pub(crate) fn new(only: bool) -> Self {
        let places = Arc::new(Semaphore::new(ROOM));
        Self { places, memory: Memory::new(only), shares: Arc::default(), freed: Arc::default() }
    }

    /// Memory for a run of `workflow` whose event has `payload` bytes.
    pub(crate) fn ticket(&self, workflow: WorkflowId, payload: usize) -> Option<Ticket> {
        self.memory.ticket(workflow, payload)
    }

    /// A place for a run of `workflow` whose event has just come.
    pub(crate) fn at_birth(&self, workflow: WorkflowId) -> Option<Place> {
        if !self.may_have_more(workflow) {
            return None;
        }
        Some(self.give(self.any()?, workflow))
    }

    /// Whether a workflow has not all the places yet that are its share.
    pub(crate) fn may_have_more(&self, workflow: WorkflowId) -> bool {
        self.shares().of(workflow) < SHARE
    }

    /// A place for a run that has waited for one since its event came.
    pub(crate) fn for_waiting(&self) -> Option<Free> {
        let left = self.places.available_permits();
        if left > FOR_NEW + FOR_QUEUED { self.any() } else { None }
    }

    /// How many runs from the queue would find a place now.
    pub(crate) fn left_for_queued(&self) -> usize {
        self.places.available_permits().saturating_sub(FOR_NEW)
    }

    /// At most `most` places for runs from the queue.
    pub(crate) fn for_queued(&self, most: usize) -> Vec<Free> {
        let most = self.left_for_queued().min(most);
        std::iter::from_fn(|| self.any()).take(most).collect()
    }

    pub(crate) fn give(&self, mut place: Free, workflow: WorkflowId) -> Place {
        self.shares().add(workflow, 1);
        let (shares, freed) = (Arc::clone(&self.shares), Arc::clone(&self.freed));
        Place { permit: place.permit.take(), workflow, shares, freed }
    }

    /// Comes back when a place has become free, to whoever looks after the runs that wait for one.
    pub(crate) async fn freed_for_waiting(&self) {
        self.freed.waiting.notified().await;
    }

    /// The same, to whoever looks after the queue.
    pub(crate) async fn freed_for_queued(&self) {
        self.freed.queued.notified().await;
    }

    fn any(&self) -> Option<Free> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(Free { permit: Some(permit), freed: Arc::clone(&self.freed) })
    }

    fn shares(&self) -> MutexGuard<'_, Shares> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Free {
    fn drop(&mut self) {
        // Whoever looked after the queue took it, and looks again by itself.
        if self.permit.take().is_some() {
            self.freed.waiting.notify_one();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        shares.take(self.workflow, 1);
        // Whoever is told finds it free.
        self.permit.take();
        self.freed.waiting.notify_one();
        self.freed.queued.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_one_workflow_leaves_room_for_others() {
        let room = Room::new(true);
        let (flood, other) = (WorkflowId::new(1), WorkflowId::new(2));
        let places: Vec<_> = std::iter::from_fn(|| room.at_birth(flood)).collect();
        assert_eq!(places.len(), SHARE);
        let queued = room.for_queued(usize::MAX);
        assert_eq!(queued.len(), ROOM - SHARE - FOR_NEW);
        let claimed: Vec<_> = queued.into_iter().map(|free| room.give(free, flood)).collect();
        assert!(room.for_queued(1).is_empty());
        let others: Vec<_> = std::iter::from_fn(|| room.at_birth(other)).collect();
        assert_eq!(others.len(), FOR_NEW);

        assert!(room.for_waiting().is_none(), "who has waited leaves room to others");

        drop((places, claimed));
        assert_eq!(room.shares().of(flood), 0, "who has gone has no share");
        assert!(room.at_birth(flood).is_some());
    }

    #[tokio::test]
    async fn runs_that_wait_find_places_beside_a_flood_and_are_told_of_those_nobody_needs() {
        let room = Room::new(true);
        let (flood, other) = (WorkflowId::new(1), WorkflowId::new(2));
        let _flood: Vec<_> = std::iter::from_fn(|| room.at_birth(flood)).collect();
        assert!(!room.may_have_more(flood) && room.may_have_more(other));
        let taken = room.for_queued(usize::MAX);
        assert!(room.for_waiting().is_none());
        drop(taken);
        room.freed_for_waiting().await;
        let free = room.for_waiting().unwrap();
        assert_eq!(room.give(free, other).workflow, other);
    }

    #[test]
    fn runs_that_wait_leave_places_to_the_queue_and_to_those_that_come() {
        let room = Room::new(true);
        let waited: Vec<_> = std::iter::from_fn(|| room.for_waiting()).collect();
        assert_eq!(waited.len(), ROOM - FOR_NEW - FOR_QUEUED);
        assert_eq!(room.for_queued(usize::MAX).len(), FOR_QUEUED);
    }

    #[tokio::test]
    async fn who_waits_for_a_place_is_told_when_there_is_one() {
        let room = Room::new(true);
        let workflow = WorkflowId::new(1);
        let place = room.at_birth(workflow);
        let left = room.left_for_queued();
        let waits = tokio::spawn({
            let room = room.clone();
            async move {
                tokio::join!(room.freed_for_waiting(), room.freed_for_queued());
                room.left_for_queued()
            }
        });
        drop(place);
        assert_eq!(waits.await.unwrap(), left + 1);
    }
}
