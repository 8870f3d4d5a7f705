//! A stream without events: how to send the first.

use leptos::prelude::*;

use crate::{
    model::EventFilter,
    ui::{Command, origin},
};

const CREATE_KEY: &str = "sluice keys create --name first --permission ingest";

#[component]
pub fn Empty(filter: EventFilter) -> impl IntoView {
    if filter.narrows() {
        return view! {
            <section class="empty">
                <h2>"No event matches"</h2>
                <p>
                    "Nothing that was received fits these filters. New events that do will appear here."
                </p>
                <a class="btn" href="/">
                    "Show all events"
                </a>
            </section>
        }
        .into_any();
    }
    view! {
        <section class="empty">
            <h2>"No events yet"</h2>
            <p>"Create a key, then send an event. It appears here the moment it is stored."</p>
            <Command label="1. Create a key" text=CREATE_KEY />
            <SendCommand />
        </section>
    }
    .into_any()
}

#[component]
fn SendCommand() -> impl IntoView {
    let origin = origin();
    let line = move || match origin.get() {
        unknown if unknown.is_empty() => send_line("http://127.0.0.1:3000"),
        known => send_line(&known),
    };
    move || view! { <Command label="2. Send an event" text=line() /> }
}

fn send_line(origin: &str) -> String {
    format!(
        "curl {origin}/api/webhooks/ingest \\\n  \
         -H 'x-api-key: <the key>' \\\n  -H 'content-type: application/json' \\\n  \
         -d '{{\"eventType\":\"order.created\",\"source\":\"shop\",\"payload\":{{\"total\":120}}}}'"
    )
}
