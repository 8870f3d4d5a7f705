//! The room of this node's worker: how many runs it works on at once, who has it, and how much memory
//! others may take while they wait for it.
//!
//! Runs that are born here are leased by this node as long as it has the memory; others queue up in the store
//! and are claimed. Invariant: runs of one workflow never take the last places at birth, and those that
//! have waited leave some to those that come and to the queue, so a flood for a slow receiver keeps nobody else
//! from beginning.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::id::WorkflowId;

/// How many runs this node works on at once.
const ROOM: usize = 256;
/// So many places one workflow may have when another of its runs is born; as many as one host may have
/// calls.
const SHARE: usize = 192;
/// Room that is left to runs that begin with their events: a long queue must not come before them all.
const FOR_NEW: usize = 32;
/// Room that runs which waited in memory leave to those in the queue.
const FOR_QUEUED: usize = 32;
/// How much memory the runs that wait for a place may take, in KiB.
const MEMORY: usize = 16 * 1024;
/// The same where other nodes may have room for them.
const AMONG_OTHERS: usize = 512;
/// What each of them takes besides its event's payload, in KiB.
const EACH: usize = 2;

#[derive(Clone)]
pub(crate) struct Room {
    places: Arc<Semaphore>,
    memory: Arc<Semaphore>,
    shares: Shares,
    freed: Arc<Notify>,
}

/// How many places each workflow has; those that have none are not in it.
type Shares = Arc<Mutex<HashMap<WorkflowId, usize>>>;

/// The place of one run; it is free again when this goes.
pub struct Place {
    permit: Option<OwnedSemaphorePermit>,
    workflow: WorkflowId,
    shares: Shares,
    freed: Arc<Notify>,
}

/// A place that nobody has yet.
pub(crate) struct Free(OwnedSemaphorePermit);

/// Memory for a run from its birth until it has its place.
pub struct Ticket {
    _memory: OwnedSemaphorePermit,
}

impl Room {
    /// Of a node that is the `only` one, or of one among others.
    pub(crate) fn new(only: bool) -> Self {
        let memory = Arc::new(Semaphore::new(if only { MEMORY } else { AMONG_OTHERS }));
        let places = Arc::new(Semaphore::new(ROOM));
        Self { places, memory, shares: Shares::default(), freed: Arc::default() }
    }

    /// Memory for a run whose event has `payload` bytes.
    pub(crate) fn ticket(&self, payload: usize) -> Option<Ticket> {
        let size = (EACH + payload / 1024).min(AMONG_OTHERS);
        let memory = Arc::clone(&self.memory).try_acquire_many_owned(u32::try_from(size).ok()?);
        Some(Ticket { _memory: memory.ok()? })
    }

    /// A place for a run of `workflow` whose event has just come.
    pub(crate) fn at_birth(&self, workflow: WorkflowId) -> Option<Place> {
        if self.share(workflow) >= SHARE {
            return None;
        }
        Some(self.give(self.any()?, workflow))
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

    pub(crate) fn give(&self, place: Free, workflow: WorkflowId) -> Place {
        *self.shares().entry(workflow).or_default() += 1;
        let (shares, freed) = (Arc::clone(&self.shares), Arc::clone(&self.freed));
        Place { permit: Some(place.0), workflow, shares, freed }
    }

    /// Comes back when a place has become free.
    pub(crate) async fn freed(&self) {
        self.freed.notified().await;
    }

    fn any(&self) -> Option<Free> {
        Arc::clone(&self.places).try_acquire_owned().ok().map(Free)
    }

    fn share(&self, workflow: WorkflowId) -> usize {
        self.shares().get(&workflow).copied().unwrap_or_default()
    }

    fn shares(&self) -> MutexGuard<'_, HashMap<WorkflowId, usize>> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = shares.get_mut(&self.workflow) {
            *count -= 1;
            if *count == 0 {
                shares.remove(&self.workflow);
            }
        }
        // Whoever is told finds it free.
        self.permit.take();
        self.freed.notify_one();
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
        assert_eq!(room.share(flood), 0, "who has gone has no share");
        assert!(room.at_birth(flood).is_some());
    }

    #[test]
    fn runs_that_wait_leave_places_to_the_queue_and_to_those_that_come() {
        let room = Room::new(true);
        let waited: Vec<_> = std::iter::from_fn(|| room.for_waiting()).collect();
        assert_eq!(waited.len(), ROOM - FOR_NEW - FOR_QUEUED);
        assert_eq!(room.for_queued(usize::MAX).len(), FOR_QUEUED);
    }

    #[test]
    fn runs_that_wait_take_no_more_than_their_memory() {
        let room = Room::new(true);
        let small: Vec<_> = std::iter::from_fn(|| room.ticket(600)).collect();
        assert_eq!(small.len(), MEMORY / EACH);
        drop(small);

        let among_others = Room::new(false);
        let large = among_others.ticket(MEMORY * 1024 * 2);
        assert!(large.is_some(), "one of any size, where nobody else waits");
        assert!(among_others.ticket(0).is_none());
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
                room.freed().await;
                room.left_for_queued()
            }
        });
        drop(place);
        assert_eq!(waits.await.unwrap(), left + 1);
    }
}
