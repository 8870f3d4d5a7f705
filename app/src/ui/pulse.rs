//! Whether the page is live, and how fast events come.

use leptos::prelude::*;

use crate::{
    live::{Connection, Live},
    model::Stats,
};

#[component]
pub fn Pulse() -> impl IntoView {
    let live = expect_context::<Live>();
    let state = live.connection;
    // Only a lost or regained connection is worth an interruption, not the first one.
    let spoken = Memo::new(move |before: Option<&&str>| match (before, state.get()) {
        (None | Some(&""), Connection::Connecting | Connection::Live) => "",
        (_, state) => state.label(),
    });
    view! {
        <div class="pulse" data-connection=move || state.get().name()>
            <span class="dot"></span>
            <span>{move || state.get().label()}</span>
            <span class="rate">{move || live.stats.get().map(rate)}</span>
        </div>
        <span class="unseen" role="status">
            {move || spoken.get()}
        </span>
    }
}

fn rate(stats: Stats) -> String {
    match stats.events_per_second {
        none if none <= 0.0 => String::new(),
        slow if slow < 10.0 => format!("{slow:.1} events/s"),
        fast => format!("{fast:.0} events/s"),
    }
}
