//! What an expression may read: `event`, `input`, `steps`, `run`, and in an http step `secret`.

use std::sync::{Arc, LazyLock};

use serde_json::Value as Json;

/// The steps that have ended.
pub const STEPS: &str = "steps";
/// The named secrets, which only an http step may read.
pub const SECRET: &str = "secret";

/// What an expression may read where it stands.
#[derive(Debug, Clone, Copy)]
pub struct Names<'n> {
    pub(super) variables: &'static [&'static str],
    /// The steps before it; `None` where any may be named.
    pub(super) steps: Option<&'n [String]>,
}

impl<'n> Names<'n> {
    /// Filters, and the input of a trigger.
    pub const TRIGGER: Names<'static> = Names { variables: &["event"], steps: Some(&[]) };
    /// The key by which runs come in order.
    pub const ORDER: Names<'static> = Names { variables: &["event", "input"], steps: Some(&[]) };
    /// Whatever a run knows.
    pub const RUN: Names<'static> = Names { steps: None, ..Names::step(&[]) };

    pub const fn step(earlier: &'n [String]) -> Self {
        Self { variables: &["event", "input", STEPS, "run"], steps: Some(earlier) }
    }

    /// The parts of an http step that may hold secrets.
    #[must_use]
    pub const fn and_secrets(self) -> Self {
        Self { variables: &["event", "input", STEPS, "run", SECRET], ..self }
    }
}

/// Named values, shared by every expression that reads them.
#[derive(Clone, Default)]
pub struct Scope {
    values: Vec<(&'static str, Bound)>,
}

#[derive(Clone)]
enum Bound {
    Value(Arc<Json>),
    Made(Arc<LazyLock<Json, Box<dyn FnOnce() -> Json + Send>>>),
}

impl Scope {
    /// The scope with `name` bound to `value`; a later binding replaces an earlier one.
    #[must_use]
    pub fn with(self, name: &'static str, value: impl Into<Arc<Json>>) -> Self {
        self.bind(name, Bound::Value(value.into()))
    }

    /// The same for a value that is made when it is read first.
    #[must_use]
    pub fn with_made(
        self,
        name: &'static str,
        make: impl FnOnce() -> Json + Send + 'static,
    ) -> Self {
        self.bind(name, Bound::Made(Arc::new(LazyLock::new(Box::new(make)))))
    }

    fn bind(mut self, name: &'static str, value: Bound) -> Self {
        self.values.retain(|(bound, _)| *bound != name);
        self.values.push((name, value));
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Json> {
        let (_, value) = self.values.iter().find(|(bound, _)| *bound == name)?;
        Some(match value {
            Bound::Value(value) => value,
            Bound::Made(value) => value,
        })
    }
}
