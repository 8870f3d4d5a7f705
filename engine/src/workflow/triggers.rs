//! Which triggers an event matches: patterns in a tree by segment, then filters.
//!
//! Invariant: matching is a pure function of the index and the event. It costs by the event's
//! segments and its matches, not by the number of triggers.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use super::Workflow;
use crate::event::pattern::Segment;
use crate::event::{Event, Pattern};
use crate::expression::Scope;
use crate::run::scope::event_scope;

#[derive(Default)]
pub struct TriggerIndex {
    workflows: Vec<Arc<Workflow>>,
    root: Node,
}

#[derive(Default)]
struct Node {
    literal: HashMap<String, Node>,
    one: Option<Box<Node>>,
    many: Option<Box<Node>>,
    /// Reached by `**`, which may take more segments.
    goes_on: bool,
    /// (workflow, trigger) pairs whose pattern ends here.
    ends: Vec<(usize, usize)>,
}

/// A trigger that an event matches.
#[derive(Clone)]
pub struct Match {
    pub workflow: Arc<Workflow>,
    pub trigger: usize,
}

impl TriggerIndex {
    pub fn new(workflows: Vec<Arc<Workflow>>) -> Self {
        let mut root = Node::default();
        for (at, workflow) in workflows.iter().enumerate().filter(|(_, workflow)| workflow.enabled)
        {
            for (number, trigger) in workflow.definition.triggers.iter().enumerate() {
                root.insert(&trigger.pattern, (at, number));
            }
        }
        Self { workflows, root }
    }

    pub fn workflows(&self) -> &[Arc<Workflow>] {
        &self.workflows
    }

    /// The triggers that `event` matches, at most one for each workflow (the first that matches).
    /// A filter that cannot be evaluated does not match.
    pub fn matching(&self, event: &Event) -> Vec<Match> {
        let parts: Vec<&str> = event.event_type.as_str().split('.').collect();
        let mut found = Vec::new();
        self.root.collect(&parts, &mut found);
        if found.is_empty() {
            return Vec::new();
        }
        found.sort_unstable();
        let scope = LazyLock::new(|| event_scope(event));
        let mut matches: Vec<Match> = Vec::with_capacity(found.len());
        let mut last = None;
        for (at, trigger) in found {
            let workflow = &self.workflows[at];
            if last != Some(at) && accepts(workflow, trigger, &scope) {
                last = Some(at);
                matches.push(Match { workflow: Arc::clone(workflow), trigger });
            }
        }
        matches
    }
}

fn accepts(
    workflow: &Workflow,
    trigger: usize,
    scope: &LazyLock<Scope, impl FnOnce() -> Scope>,
) -> bool {
    match &workflow.definition.triggers[trigger].filter {
        None => true,
        Some(filter) => filter.accepts(scope),
    }
}

impl Node {
    fn insert(&mut self, pattern: &Pattern, end: (usize, usize)) {
        let mut node = self;
        for segment in pattern.segments() {
            node = match segment {
                Segment::Literal(text) => node.literal.entry(text.clone()).or_default(),
                Segment::One => node.one.get_or_insert_default(),
                Segment::Many => {
                    let many = node.many.get_or_insert_default();
                    many.goes_on = true;
                    many
                }
            };
        }
        node.ends.push(end);
    }

    /// All paths through the tree at once, so that however many stars there are, each node is visited
    /// once for each segment at most.
    fn collect(&self, parts: &[&str], found: &mut Vec<(usize, usize)>) {
        let (mut here, mut next) = (vec![self], Vec::new());
        for part in parts {
            for node in here.drain(..) {
                next.extend(node.goes_on.then_some(node));
                next.extend(node.literal.get(*part));
                next.extend(node.one.as_deref());
                next.extend(node.many.as_deref());
            }
            // A `**` that goes on may be reached anew as well.
            next.sort_unstable_by_key(|node| std::ptr::from_ref(*node));
            next.dedup_by(|one, other| std::ptr::eq(*one, *other));
            std::mem::swap(&mut here, &mut next);
        }
        found.extend(here.into_iter().flat_map(|node| &node.ends));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::EventType;

    fn found(patterns: &[String], event_type: &str) -> Vec<usize> {
        let mut root = Node::default();
        for (at, pattern) in patterns.iter().enumerate() {
            root.insert(&Pattern::parse(pattern).unwrap(), (at, 0));
        }
        let parts: Vec<&str> = event_type.split('.').collect();
        let mut found = Vec::new();
        root.collect(&parts, &mut found);
        let mut found: Vec<usize> = found.into_iter().map(|(at, _)| at).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    #[test]
    fn many_stars_cost_little() {
        let stars: Vec<String> = (1..60).map(|count| vec!["**"; count].join(".")).collect();
        assert_eq!(found(&stars, &["a"; 120].join(".")).len(), stars.len());
    }

    proptest! {
        /// The tree finds exactly what the patterns say one by one.
        #[test]
        fn the_tree_agrees_with_the_patterns(
            patterns in prop::collection::vec(
                prop::collection::vec(prop::sample::select(vec!["a", "b", "*", "**"]), 1..5)
                    .prop_map(|parts| parts.join(".")), 1..12),
            event in prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 1..6)
                .prop_map(|parts| parts.join(".")),
        ) {
            let event_type = EventType::parse(&event).unwrap();
            let expected: Vec<usize> = patterns.iter().enumerate()
                .filter(|(_, pattern)| Pattern::parse(pattern).unwrap().matches(&event_type))
                .map(|(at, _)| at).collect();
            prop_assert_eq!(found(&patterns, &event), expected);
        }
    }
}
