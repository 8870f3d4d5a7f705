//! What an expression may read: `event`, `input`, `steps`, `run`, and in an http step `secret`.

use std::collections::HashMap;
use std::sync::Arc;

use cel::objects::{Key, Map};
use cel::{Context, Value};

pub const NAMES: [&str; 4] = ["event", "input", "steps", "run"];
/// The named secrets, which only an http step may read.
pub const SECRET: &str = "secret";
/// What an http step may read.
pub const NAMES_IN_CALLS: [&str; 5] = ["event", "input", "steps", "run", SECRET];

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
