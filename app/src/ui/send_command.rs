//! How to send an event from a terminal, for pages that have nothing to show yet.

use leptos::prelude::*;

use super::{Command, origin};

#[component]
pub fn SendCommand(#[prop(default = "Send an event")] label: &'static str) -> AnyView {
    let origin = origin();
    let line = move || match origin.get() {
        unknown if unknown.is_empty() => send_line("http://127.0.0.1:3000"),
        known => send_line(&known),
    };
    (move || view! { <Command label=label text=line() /> }).into_any()
}

fn send_line(origin: &str) -> String {
    format!(
        "curl {origin}/api/webhooks/ingest \\\n  \
         -H 'x-api-key: <the key>' \\\n  -H 'content-type: application/json' \\\n  \
         -d '{{\"eventType\":\"order.created\",\"source\":\"shop\",\"payload\":{{\"total\":120}}}}'"
    )
}
