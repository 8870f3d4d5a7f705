//! One event that failed.

use leptos::prelude::*;

use super::{Chosen, selection};
use crate::{
    model::DeadLetter,
    ui::{EventTypeName, Moment, ResolveButton, RetryButton},
};

#[component]
pub fn Letter(letter: DeadLetter, chosen: Chosen) -> AnyView {
    let DeadLetter { id, event_type, source, attempts, error, failed_at, workflow, .. } = letter;
    let place = match (workflow, error.step) {
        (Some(workflow), Some(step)) => format!("{}, step {step}", workflow.name),
        (Some(workflow), None) => workflow.name,
        (None, Some(step)) => format!("Step {step}"),
        (None, None) => error.error_code,
    };
    let tried = match attempts {
        1 => "1 attempt".to_owned(),
        count => format!("{count} attempts"),
    };
    let title = format!("Select: {event_type}, {}", error.error_message);
    view! {
        <li class="group pickable" data-event-id=id.clone()>
            <Pick id=id.clone() title chosen />
            <div class="what">
                <a href=format!("/events/{id}")>
                    <b>{error.error_message}</b>
                </a>
                <div>{place}</div>
            </div>
            <div class="which">
                <EventTypeName name=event_type />
                <div>{source}</div>
            </div>
            <span class="tried">{tried}</span>
            <span class="m">
                <Moment at=failed_at />
            </span>
            <div class="row">
                <RetryButton id=id.clone() />
                <ResolveButton id=id.clone() />
            </div>
        </li>
    }
    .into_any()
}

#[component]
fn Pick(id: String, title: String, chosen: Chosen) -> AnyView {
    let (own, other) = (id.clone(), id.clone());
    let ticked = move || chosen.with(|chosen| chosen.contains(&own));
    let toggle = move |event| {
        let ticked = event_target_checked(&event);
        chosen.update(|chosen| {
            if ticked {
                chosen.insert(other.clone())
            } else {
                chosen.remove(&other)
            };
        });
    };
    view! {
        <input
            type="checkbox"
            name="ids"
            value=id
            form=selection::FORM
            aria-label=title
            prop:checked=ticked
            on:change=toggle
        />
    }
    .into_any()
}
