//! A state by word, colour and shape.

use leptos::prelude::*;

use crate::model::{EventStatus, RunStatus};

#[component]
pub fn EventState(#[prop(into)] status: Signal<EventStatus>) -> impl IntoView {
    view! {
        <span
            class=move || format!("s {}", status.get().name())
            data-status=move || status.get().name()
        >
            {move || status.get().label()}
        </span>
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
