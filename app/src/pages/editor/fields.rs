//! Fields of the form, each bound to a place of the definition.

use leptos::prelude::*;
use serde_json::Value;

use super::lens::{Lens, shown, typed};
use crate::ui::Field;

/// The list of event types that have been seen.
pub const TYPES: &str = "known-event-types";

/// A line of text; blank takes the field away, unless it has to be there.
#[component]
pub fn Line(
    lens: Lens,
    #[prop(into)] label: String,
    #[prop(optional)] hint: &'static str,
    #[prop(optional)] example: &'static str,
    #[prop(optional)] list: &'static str,
    #[prop(optional)] required: bool,
    /// Whole numbers are written as such.
    #[prop(optional)]
    number: bool,
) -> AnyView {
    let input = move |event| {
        let text = event_target_value(&event);
        lens.set(match (text.is_empty(), text.parse::<u32>()) {
            (true, _) if !required => None,
            (_, Ok(count)) if number => Some(count.into()),
            _ => Some(Value::String(text)),
        });
    };
    let list = (!list.is_empty()).then_some(list);
    let field = view! {
        <input
            class="m"
            prop:value=move || lens.text()
            value=lens.text()
            placeholder=example
            list=list
            autocomplete="off"
            spellcheck="false"
            on:input=input
        />
    };
    match hint {
        "" => view! { <Field label>{field}</Field> }.into_any(),
        hint => view! {
            <Field label hint=hint>
                {field}
            </Field>
        }
        .into_any(),
    }
}

/// JSON with `${…}` in it, or a text alone.
#[component]
pub fn Json(
    lens: Lens,
    #[prop(into)] label: String,
    #[prop(optional)] hint: &'static str,
    #[prop(optional)] example: &'static str,
    /// Blank is an empty object, where the field must not go away.
    #[prop(optional)]
    required: bool,
) -> AnyView {
    // What is being typed is not JSON at every moment, so it has a place of its own.
    let own = RwSignal::new(untrack(move || lens.text()));
    let wrong = RwSignal::new(None::<String>);
    Effect::new(move |_| {
        let value = lens.get();
        if typed(&own.get_untracked()).ok().flatten() != value && wrong.get_untracked().is_none() {
            own.set(value.as_ref().map(shown).unwrap_or_default());
        }
    });
    let input = move |event| {
        let text = event_target_value(&event);
        let read = typed(&text);
        own.set(text);
        match read {
            Ok(value) => {
                wrong.set(None);
                lens.set(value.or_else(|| required.then(|| serde_json::Map::new().into())));
            }
            Err(error) => wrong.set(Some(error)),
        }
    };
    view! {
        <label class="field">
            <span>{label}</span>
            <textarea
                class="m"
                rows="3"
                prop:value=move || own.get()
                placeholder=example
                spellcheck="false"
                on:input=input
            >
                {own.get_untracked()}
            </textarea>
            {move || match wrong.get() {
                Some(error) => {
                    view! { <small class="failed">{format!("Not JSON yet: {error}")}</small> }
                }
                None => view! { <small class="hint">{hint.to_owned()}</small> },
            }}
        </label>
    }
    .into_any()
}
