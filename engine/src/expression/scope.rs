//! What an expression may read: `event`, `input`, `steps`, `run`, and in an http step `secret`.

use std::collections::HashMap;
use std::sync::Arc;

use cel::objects::{Key, Map};
use cel::{Context, Value};

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

/// Named values, converted once and shared by every expression that reads them.
#[derive(Clone, Default)]
pub struct Scope {
    values: Vec<(&'static str, Value)>,
}

impl Scope {
    /// The scope with `name` bound to `value`; a later binding replaces an earlier one.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &serde_json::Value) -> Self {
        self.values.retain(|(bound, _)| *bound != name);
        self.values.push((name, from_json(value)));
        self
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.values.iter().find(|(bound, _)| *bound == name).map(|(_, value)| value)
    }

    /// Whether the variable is there and has the field.
    pub fn has(&self, name: &str, field: &str) -> bool {
        let Some(Value::Map(fields)) = self.get(name) else { return false };
        fields.map.contains_key(&Key::from(field.to_owned()))
    }

    pub(super) fn bind(&self, context: &mut Context<'_, '_>) {
        for (name, value) in &self.values {
            context.add_variable_from_value(*name, value.clone());
        }
    }
}

/// Whole numbers become `int` where they fit, so that `total + 1` works on any JSON number.
fn from_json(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(truth) => Value::Bool(*truth),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(int), _) => Value::Int(int),
            (None, Some(uint)) => Value::UInt(uint),
            (None, None) => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        serde_json::Value::String(text) => Value::String(Arc::new(text.clone())),
        serde_json::Value::Array(items) => {
            Value::List(Arc::new(items.iter().map(from_json).collect()))
        }
        serde_json::Value::Object(fields) => {
            let map: HashMap<Key, Value> = fields
                .iter()
                .map(|(name, value)| (Key::String(Arc::new(name.clone())), from_json(value)))
                .collect();
            Value::Map(Map { map: Arc::new(map) })
        }
    }
}
