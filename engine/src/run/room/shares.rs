//! How much of something each workflow has.

use std::collections::HashMap;

use crate::id::WorkflowId;

/// Those that have none are not in it.
#[derive(Default)]
pub(super) struct Shares(HashMap<WorkflowId, usize>);

impl Shares {
    pub(super) fn of(&self, workflow: WorkflowId) -> usize {
        self.0.get(&workflow).copied().unwrap_or_default()
    }

    pub(super) fn add(&mut self, workflow: WorkflowId, size: usize) {
        *self.0.entry(workflow).or_default() += size;
    }

    /// Of what it has.
    pub(super) fn take(&mut self, workflow: WorkflowId, size: usize) {
        if let Some(has) = self.0.get_mut(&workflow) {
            *has = has.saturating_sub(size);
            if *has == 0 {
                self.0.remove(&workflow);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
