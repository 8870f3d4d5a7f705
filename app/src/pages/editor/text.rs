//! The text being worked on and what the server made of it: the one state of the editor.

use std::time::Duration;

use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local};
use serde_json::Value;

use super::draft::Draft;
use crate::{
    ApiError,
    api::understand_workflow,
    model::{EditorStart, FindingView, PreviewText, Understood},
};

/// How long the hands must rest before the server is asked.
const REST: Duration = Duration::from_millis(350);

/// Copies share the state.
#[derive(Clone, Copy)]
pub struct Text {
    pub yaml: RwSignal<String>,
    /// What the form shows: the last text that could be read.
    pub document: RwSignal<Value>,
    pub problems: RwSignal<Vec<FindingView>>,
    /// Whether the text cannot be read, so that the form shows an older one.
    pub unreadable: RwSignal<bool>,
    /// The event to try things on.
    pub event: RwSignal<String>,
    pub preview: RwSignal<Option<PreviewText>>,
    /// Why the server could not be asked.
    pub failed: RwSignal<Option<ApiError>>,
    pub draft: Draft,
    /// Grows with each change: an answer to an older one is of no use.
    turn: StoredValue<u32>,
    /// Whether anything was changed here: until then there is nothing to keep.
    touched: StoredValue<bool>,
    waiting: StoredValue<Option<TimeoutHandle>>,
}

impl Text {
    pub fn new(start: &EditorStart) -> Self {
        let document = start.definition().and_then(|json| serde_json::from_str(&json.0).ok());
        Self {
            yaml: RwSignal::new(start.text.clone()),
            unreadable: RwSignal::new(document.is_none() && !start.text.is_empty()),
            document: RwSignal::new(document.unwrap_or_else(blank)),
            problems: RwSignal::new(match start.text.is_empty() {
                true => Vec::new(),
                false => start.checked.problems.clone(),
            }),
            event: RwSignal::new(start.event.clone()),
            preview: RwSignal::new(None),
            failed: RwSignal::new(None),
            draft: Draft::new(start),
            turn: StoredValue::new(0),
            touched: StoredValue::new(false),
            waiting: StoredValue::new(None),
        }
    }

    /// The text was typed.
    pub fn typed(self, text: String) {
        self.yaml.set(text);
        self.ask_soon(false);
    }

    /// The form was changed.
    pub fn formed(self, change: impl FnOnce(&mut Value)) {
        self.document.update(change);
        self.ask_soon(true);
    }

    /// Asks at once, as when another event is chosen.
    pub fn ask(self, form: bool) {
        self.wait(None);
        let turn = self.next_turn();
        let text = match form {
            true => self.document.with_untracked(Value::to_string),
            false => self.yaml.get_untracked(),
        };
        let event = self.event.get_untracked();
        spawn_local(async move {
            let answer = understand_workflow(text, form, event).await;
            // The page may be gone, and the text may be another by now.
            if self.turn.try_get_value() == Some(turn) {
                self.take(answer, form);
            }
        });
    }

    fn ask_soon(self, form: bool) {
        self.touched.set_value(true);
        self.next_turn();
        let later = set_timeout_with_handle(move || self.ask(form), REST).ok();
        self.wait(later);
    }

    fn wait(self, later: Option<TimeoutHandle>) {
        let before = self.waiting.try_update_value(|waiting| std::mem::replace(waiting, later));
        if let Some(before) = before.flatten() {
            before.clear();
        }
    }

    fn next_turn(self) -> u32 {
        self.turn
            .try_update_value(|turn| {
                *turn += 1;
                *turn
            })
            .unwrap_or_default()
    }

    fn take(self, answer: Result<Understood, ApiError>, form: bool) {
        match answer {
            Err(error) => self.failed.set(Some(error)),
            Ok(Understood { text, checked, preview }) => {
                self.failed.set(None);
                let document = checked.definition.and_then(|it| serde_json::from_str(&it.0).ok());
                self.unreadable.set(document.is_none());
                if form {
                    self.yaml.set(text);
                } else if let Some(document) = document {
                    self.document.set(document);
                }
                self.problems.set(checked.problems);
                // What was true of the text before is not shown for this one.
                self.preview.set(preview);
                if self.touched.get_value() {
                    self.draft.keep(&self.yaml.get_untracked());
                }
            }
        }
    }
}

/// The form of a workflow that says nothing yet.
fn blank() -> Value {
    serde_json::json!({ "name": "", "triggers": [{ "eventType": "" }], "steps": [] })
}
