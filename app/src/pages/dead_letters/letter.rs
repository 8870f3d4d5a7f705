//! One event that failed.

use leptos::prelude::*;

use super::{Desk, plan, selection};
use crate::{
    model::{BulkAction, DeadLetter},
    ui::{Confirm, EventTypeName, ForOperators, Moment, ResolveNoting, RetryButton},
};

#[component]
pub fn Letter(letter: DeadLetter, desk: Desk) -> AnyView {
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
    let (row, page, picked) = (id.clone(), format!("/events/{id}"), id.clone());
    let (noted, own) = (id.clone(), id.clone());
    let title = format!("Select: {event_type}, {}", error.error_message);
    view! {
        <li class="group pickable" data-event-id=row>
            <ForOperators>
                <Pick id=picked title desk />
            </ForOperators>
            <div class="what">
                <a href=page data-row="">
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
            <ForOperators>
                <div class="row">
                    <RetryButton id=id.clone() />
                    <Confirm
                        calm=true
                        id=format!("resolve-{id}")
                        label="Mark processed"
                        title="Mark this event as processed?"
                        text="It leaves the dead letters and nothing runs."
                    >
                        <ResolveNoting id=noted />
                    </Confirm>
                    <DeleteLink id=own desk />
                </div>
            </ForOperators>
        </li>
    }
    .into_any()
}

/// The browser follows it itself, as it sends the form above the list: the plan is on top, in sight.
#[component]
fn DeleteLink(id: String, desk: Desk) -> AnyView {
    let href =
        move || desk.asked.with(|filter| plan::of_one(BulkAction::Delete, filter, id.clone()));
    view! {
        <a class="btn risky" rel="external" href=href>
            "Delete"
        </a>
    }
    .into_any()
}

#[component]
fn Pick(id: String, title: String, desk: Desk) -> AnyView {
    let Desk { chosen, .. } = desk;
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
