//! A stream without events: how to send the first.

use leptos::prelude::*;

use crate::{
    model::EventFilter,
    ui::{Command, ForOperators, SendCommand},
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
            <p>"Events are sent with a key. They appear here the moment they are stored."</p>
            <ForOperators>
                <p>
                    <a class="btn main" href="/keys?new=1">
                        "1. Create a key"
                    </a>
                </p>
                <Command label="Or on the command line" text=CREATE_KEY />
            </ForOperators>
            <SendCommand label="2. Send an event" />
        </section>
    }
    .into_any()
}
