//! Work that is not saved yet, kept by the browser until it is: a reload or a crash costs nothing.

use leptos::prelude::*;

use crate::model::EditorStart;

/// Copies share the state.
#[derive(Clone, Copy)]
pub struct Draft {
    key: StoredValue<String>,
    saved: StoredValue<String>,
    /// What was left from before, until it is taken up or thrown away.
    pub found: RwSignal<Option<String>>,
}

impl Draft {
    pub fn new(start: &EditorStart) -> Self {
        let name = if start.id.is_empty() { "new" } else { start.id.as_str() };
        Self {
            key: StoredValue::new(format!("sluice.workflow.{name}")),
            saved: StoredValue::new(start.saved.clone()),
            found: RwSignal::new(None),
        }
    }

    /// Looks for work from before that differs from `text`.
    pub fn look(self, text: &str) {
        let found = read(&self.key.get_value()).filter(|found| found != text);
        self.found.set(found);
    }

    /// Keeps the text, unless it is the one that is saved.
    pub fn keep(self, text: &str) {
        match self.saved.with_value(|saved| saved == text) {
            false => write(&self.key.get_value(), text),
            // What was left from before is still to be decided on.
            true if self.found.with_untracked(Option::is_some) => {}
            true => self.drop(),
        }
    }

    pub fn drop(self) {
        self.found.set(None);
        remove(&self.key.get_value());
    }
}

#[cfg(feature = "hydrate")]
fn storage() -> Option<web_sys::Storage> {
    // Absent where the reader forbids it.
    window().local_storage().ok().flatten()
}

#[cfg(feature = "hydrate")]
fn read(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

#[cfg(feature = "hydrate")]
fn write(key: &str, text: &str) {
    if let Some(storage) = storage() {
        // A full storage loses the draft, not the page.
        let _ = storage.set_item(key, text);
    }
}

#[cfg(feature = "hydrate")]
fn remove(key: &str) {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(key);
    }
}

#[cfg(not(feature = "hydrate"))]
fn read(_: &str) -> Option<String> {
    None
}

#[cfg(not(feature = "hydrate"))]
fn write(_: &str, _: &str) {}

#[cfg(not(feature = "hydrate"))]
fn remove(_: &str) {}
