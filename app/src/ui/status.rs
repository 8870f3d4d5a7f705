//! A state by word, colour and shape.

use leptos::prelude::*;

use crate::model::{EventStatus, RunStatus};

#[component]
pub fn EventState(#[prop(into)] status: Signal<EventStatus>) -> impl IntoView {
    move || {
        let status = status.get();
        view! {
            <span class=format!("s {}", status.name()) data-status=status.name()>
                {status.label()}
            </span>
        }
    }
}

#[component]
pub fn RunState(status: RunStatus) -> impl IntoView {
    view! {
        <span class=format!("s {}", status.name()) data-status=status.name()>
            {status.label()}
        </span>
    }
}
