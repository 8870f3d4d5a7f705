//! Triggers and steps as a whole: added, taken away, moved.

use serde_json::{Value, json};

use super::text::Text;

/// The list of that name, made when it is missing.
pub fn list<'d>(document: &'d mut Value, name: &str) -> Option<&'d mut Vec<Value>> {
    let Value::Object(fields) = document else { return None };
    match fields.entry(name).or_insert_with(|| Value::Array(Vec::new())) {
        Value::Array(items) => Some(items),
        _ => None,
    }
}

pub fn add(text: Text, name: &'static str, value: Value) {
    text.formed(move |document| {
        if let Some(items) = list(document, name) {
            items.push(value);
        }
    });
}

/// With an id that no other step has, and that expressions can read behind a dot.
pub fn add_step(text: Text) {
    text.formed(move |document| {
        let Some(steps) = list(document, "steps") else { return };
        let taken = |id: &str| steps.iter().any(|step| step["id"] == id);
        let free = (steps.len() + 1..).map(|number| format!("step_{number}"));
        let id = free.into_iter().find(|id| !taken(id)).unwrap_or_default();
        steps.push(json!({ "id": id, "http": { "method": "POST", "url": "" } }));
    });
}

/// Takes a trigger or a step away.
pub fn remove(text: Text, name: &'static str, at: usize) {
    text.formed(move |document| {
        if let Some(items) = list(document, name)
            && at < items.len()
        {
            items.remove(at);
        }
    });
}

pub fn move_up(text: Text, at: usize) {
    text.formed(move |document| {
        if let Some(steps) = list(document, "steps")
            && at > 0
            && at < steps.len()
        {
            steps.swap(at, at - 1);
        }
    });
}
