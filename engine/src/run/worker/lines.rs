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

    /// Whether there is a line whose workflow `may` go on.
    pub(super) fn has_any(&self, may: impl Fn(WorkflowId) -> bool) -> bool {
        self.turns.iter().any(|workflow| may(*workflow))
    }

    pub(super) fn push(&mut self, workflow: WorkflowId, waits: T) {
        let line = self.lines.entry(workflow).or_default();
        if line.is_empty() {
            self.turns.push_back(workflow);
        }
        line.push_back(waits);
    }

    /// The first of the line whose turn it is, of those whose workflow `may` go on.
    pub(super) fn pop(&mut self, may: impl Fn(WorkflowId) -> bool) -> Option<T> {
        let at = self.turns.iter().position(|workflow| may(*workflow))?;
        let workflow = self.turns.remove(at)?;
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
        let order: Vec<_> = std::iter::from_fn(|| lines.pop(|_| true)).collect();
        assert_eq!(order, [1, 10, 2, 3]);
        assert!(lines.is_empty() && !lines.has(flood));
        lines.push(flood, 4);
        assert!(!lines.has_any(|workflow| workflow != flood) && lines.has_any(|_| true));
        assert_eq!(lines.pop(|workflow| workflow != flood), None);
        assert_eq!(lines.pop(|_| true), Some(4));
    }
}
