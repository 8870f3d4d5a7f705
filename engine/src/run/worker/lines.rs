//! Runs of this node that wait for a place: a line for each workflow, and the lines take turns, so who
//! comes for a workflow of few does not stand behind a flood for another.

use std::collections::{HashMap, VecDeque};

use crate::id::WorkflowId;

/// Invariant: no line is empty, and each has one turn.
pub(super) struct Lines<T> {
    lines: HashMap<WorkflowId, VecDeque<T>>,
    turns: VecDeque<WorkflowId>,
}

impl<T> Default for Lines<T> {
    fn default() -> Self {
        Self { lines: HashMap::new(), turns: VecDeque::new() }
    }
}

impl<T> Lines<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    pub(super) fn has(&self, workflow: WorkflowId) -> bool {
        self.lines.contains_key(&workflow)
    }

    pub(super) fn push(&mut self, workflow: WorkflowId, waits: T) {
        let line = self.lines.entry(workflow).or_default();
        if line.is_empty() {
            self.turns.push_back(workflow);
        }
        line.push_back(waits);
    }

    /// The first of the line whose turn it is.
    pub(super) fn pop(&mut self) -> Option<T> {
        let workflow = self.turns.pop_front()?;
        let line = self.lines.get_mut(&workflow)?;
        let first = line.pop_front();
        if line.is_empty() {
            self.lines.remove(&workflow);
        } else {
            self.turns.push_back(workflow);
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_take_turns_and_each_goes_in_order() {
        let (flood, other) = (WorkflowId::new(1), WorkflowId::new(2));
        let mut lines = Lines::default();
        (1..=3).for_each(|number| lines.push(flood, number));
        lines.push(other, 10);
        assert!(lines.has(other));
        let order: Vec<_> = std::iter::from_fn(|| lines.pop()).collect();
        assert_eq!(order, [1, 10, 2, 3]);
        assert!(lines.is_empty() && !lines.has(flood));
        lines.push(flood, 4);
        assert_eq!(lines.pop(), Some(4));
    }
}
