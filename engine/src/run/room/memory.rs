//! The memory that runs may take from their birth until they have a place.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::shares::Shares;
use crate::id::WorkflowId;

/// How much there is on the only node, in KiB.
const ALL: usize = 16 * 1024;
/// The same where other nodes may have room for those that find none.
const AMONG_OTHERS: usize = 512;
/// What each run takes besides its event's payload, in KiB.
const EACH: usize = 2;
/// One workflow may have so many times as much as is left. So one alone has three quarters, two have three
/// sevenths each, and who comes after them finds some.
const TIMES: usize = 3;

#[derive(Clone)]
pub(super) struct Memory(Arc<Mutex<Kept>>);

/// In KiB.
struct Kept {
    left: usize,
    /// What each workflow has.
    shares: Shares,
}

/// The memory of one run; it is free again when this goes.
pub struct Ticket {
    memory: Memory,
    workflow: WorkflowId,
    size: usize,
}

impl Memory {
    /// Of a node that is the `only` one, or of one among others.
    pub(super) fn new(only: bool) -> Self {
        let left = if only { ALL } else { AMONG_OTHERS };
        Self(Arc::new(Mutex::new(Kept { left, shares: Shares::default() })))
    }

    /// For a run of `workflow` whose event has `payload` bytes.
    pub(super) fn ticket(&self, workflow: WorkflowId, payload: usize) -> Option<Ticket> {
        let size = (EACH + payload / 1024).min(AMONG_OTHERS);
        let mut kept = self.kept();
        if size > kept.left || kept.shares.of(workflow) + size > kept.left * TIMES {
            return None;
        }
        kept.left -= size;
        kept.shares.add(workflow, size);
        Some(Ticket { memory: self.clone(), workflow, size })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut kept = self.memory.kept();
        kept.left += self.size;
        kept.shares.take(self.workflow, self.size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_of(memory: &Memory, workflow: u64) -> Vec<Ticket> {
        let workflow = WorkflowId::new(u128::from(workflow));
        std::iter::from_fn(|| memory.ticket(workflow, 600)).collect()
    }

    #[test]
    fn a_flood_leaves_memory_to_others() {
        let memory = Memory::new(true);
        let flood = all_of(&memory, 1);
        assert_eq!(flood.len(), ALL / EACH * 3 / 4);
        let second = all_of(&memory, 2);
        assert!((800..=ALL / EACH / 4).contains(&second.len()), "{}", second.len());
        assert!(!all_of(&memory, 3).is_empty(), "somebody else comes");
        drop((flood, second));
        assert_eq!(memory.kept().left, ALL);
        assert!(memory.kept().shares.is_empty(), "who has gone has none");
    }

    #[test]
    fn one_of_any_size_finds_some_where_nobody_else_waits() {
        let memory = Memory::new(false);
        let large = memory.ticket(WorkflowId::new(1), ALL * 1024 * 2);
        assert!(large.is_some());
        assert!(memory.ticket(WorkflowId::new(2), 0).is_none());
    }
}
