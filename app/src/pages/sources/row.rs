//! One source in the list.

use leptos::prelude::*;

use super::provider;
use crate::{
    model::SourceActivity,
    ui::{CopyLine, Moment, origin},
};

#[component]
pub fn Row(activity: SourceActivity) -> AnyView {
    let SourceActivity { source, last_event_at, quarantined } = activity;
    let (origin, path) = (origin(), source.path);
    let address = Signal::derive(move || format!("{}{path}", origin.get()));
    let secrets = match source.secrets {
        1 => "1 in force".to_owned(),
        count => format!("{count} in force"),
    };
    let marked = source.name.clone();
    view! {
        <tr data-source=marked>
            <td>
                <a class="to" href=format!("/sources/{}", source.name)>
                    <b>{source.name.clone()}</b>
                </a>
                <div class="dim">{provider::title(&source.kind)}</div>
            </td>
            <td>
                <CopyLine text=address />
            </td>
            <td data-label="Secrets">{secrets}</td>
            <td data-label="Last event">
                {match last_event_at {
                    Some(at) => view! { <Moment at /> }.into_any(),
                    None => view! { <span class="dim">"none yet"</span> }.into_any(),
                }}
            </td>
            <td data-label="In quarantine">
                <Held count=quarantined name=source.name />
            </td>
        </tr>
    }
    .into_any()
}

/// How many deliveries of a source wait in quarantine, and the way there.
#[component]
pub fn Held(count: u64, name: String) -> AnyView {
    match count {
        0 => view! { <span class="dim">"none"</span> }.into_any(),
        1 => view! { <Waiting text="1 delivery" name /> }.into_any(),
        count => view! { <Waiting text=format!("{count} deliveries") name /> }.into_any(),
    }
}

#[component]
fn Waiting(#[prop(into)] text: String, name: String) -> impl IntoView {
    view! {
        <a class="s failed ref" href=format!("/quarantine?source={name}")>
            {text}
        </a>
    }
}
