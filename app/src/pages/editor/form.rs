//! The form: name, triggers, turns, steps.

use leptos::prelude::*;
use serde_json::json;

use super::fields::{Json, Line, TYPES};
use super::items::{add, add_step, remove};
use super::lens::Lens;
use super::step::StepForm;
use super::text::Text;

#[component]
pub fn Form(text: Text, event_types: Vec<String>) -> AnyView {
    let count = move |name: &'static str| {
        Memo::new(move |_| {
            text.document.with(|document| document[name].as_array().map_or(0, Vec::len))
        })
    };
    let (triggers, steps) = (count("triggers"), count("steps"));
    let options: Vec<_> =
        event_types.into_iter().map(|name| view! { <option value=name></option> }).collect();
    view! {
        <div class="form editor-form">
            <datalist id=TYPES>{options}</datalist>
            {move || {
                text.unreadable
                    .get()
                    .then(|| {
                        view! {
                            <p class="note" role="note">
                                "The text cannot be read as it is. This is what it said before; a change here \
                                 replaces it."
                            </p>
                        }
                    })
            }}
            <Line
                lens=Lens::new(text, "/name".to_owned())
                label="Workflow name"
                example="Notify warehouse"
                required=true
            />
            <h3>"Triggers"</h3>
            {move || {
                (0..triggers.get()).map(|at| view! { <Trigger text at /> }).collect::<Vec<_>>()
            }}
            <button
                type="button"
                class="btn"
                on:click=move |_| add(text, "triggers", json!({ "eventType": "" }))
            >
                "Add trigger"
            </button>
            <Turns text />
            <h3>"Steps"</h3>
            {move || {
                (0..steps.get()).map(|at| view! { <StepForm text at /> }).collect::<Vec<_>>()
            }}
            <button type="button" class="btn" on:click=move |_| add_step(text)>
                "Add step"
            </button>
        </div>
    }
    .into_any()
}

/// How many runs are at work at once, and which come one after another.
#[component]
fn Turns(text: Text) -> AnyView {
    let lens = |place: &str| Lens::new(text, place.to_owned());
    view! {
        <fieldset class="part">
            <legend>"Turns"</legend>
            <div class="pair">
                <Line
                    lens=lens("/concurrency")
                    label="Runs at once"
                    hint="The others wait and begin with the oldest; empty is no limit."
                    example="3"
                    number=true
                />
                <Line
                    lens=lens("/order/key")
                    label="Order key"
                    hint="Runs with the same value come one after another; empty keeps no order."
                    example="event.payload.customer"
                />
            </div>
        </fieldset>
    }
    .into_any()
}

#[component]
fn Trigger(text: Text, at: usize) -> AnyView {
    let lens = |field: &str| Lens::new(text, format!("/triggers/{at}/{field}"));
    let number = at + 1;
    view! {
        <fieldset class="part">
            <legend>"Trigger " {number}</legend>
            <Line
                lens=lens("eventType")
                label="Event type pattern"
                hint="order.* is one segment more, order.** one and more."
                example="order.*"
                list=TYPES
                required=true
            />
            <Line
                lens=lens("filter")
                label="Filter"
                hint="An expression that must be true; empty takes every event of the type."
                example="event.payload.total > 100"
            />
            <Json
                lens=lens("input")
                label="Input"
                hint="What the steps read as input; empty is the payload."
                example="{ \"orderId\": \"${event.payload.id}\" }"
            />
            <button
                type="button"
                class="btn"
                aria-label=format!("Remove trigger {number}")
                on:click=move |_| remove(text, "triggers", at)
            >
                "Remove"
            </button>
        </fieldset>
    }
    .into_any()
}
