//! A secret that was just made, the one time it can be seen.

use leptos::{html, prelude::*};
use serde::{Deserialize, Serialize};

use crate::{
    api::reveal_secret,
    ui::{CopyLine, Fetched},
};

/// What there is behind a ticket.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
enum Behind {
    /// No ticket was given.
    Nothing,
    Secret(String),
    /// It has been seen before, or waited for too long.
    Gone,
}

/// `made` is the ticket in the page's address; without one there is nothing to show. `back` is the
/// page without it.
#[component]
pub fn ShownOnce(
    made: Memo<Option<String>>,
    #[prop(into)] title: String,
    #[prop(into)] note: String,
    #[prop(into)] back: Signal<String>,
) -> AnyView {
    let secret = Resource::new(
        move || made.get(),
        |ticket| async move {
            let Some(ticket) = ticket else { return Ok(Behind::Nothing) };
            reveal_secret(ticket).await.map(|secret| secret.map_or(Behind::Gone, Behind::Secret))
        },
    );
    view! {
        <Fetched from=secret let:secret>
            <Shown secret title=title.clone() note=note.clone() back />
        </Fetched>
    }
    .into_any()
}

#[component]
fn Shown(secret: Behind, title: String, note: String, back: Signal<String>) -> AnyView {
    match secret {
        Behind::Nothing => ().into_any(),
        Behind::Secret(secret) => view! { <Secret secret title note back /> }.into_any(),
        Behind::Gone => view! { <Gone back /> }.into_any(),
    }
}

#[component]
fn Secret(secret: String, title: String, note: String, back: Signal<String>) -> AnyView {
    let panel = NodeRef::<html::Section>::new();
    Effect::new(move |_| {
        if let Some(panel) = panel.get() {
            // It cannot be focused only when it is gone again.
            let _ = panel.focus();
        }
    });
    view! {
        <section class="once" aria-labelledby="once-title" tabindex="-1" node_ref=panel>
            <h2 id="once-title">{title}</h2>
            <p>{note}</p>
            <CopyLine text=Signal::stored(secret) />
            <a class="btn" href=back>
                "I have kept it"
            </a>
        </section>
    }
    .into_any()
}

#[component]
fn Gone(back: Signal<String>) -> AnyView {
    view! {
        <section class="once" aria-labelledby="once-title">
            <h2 id="once-title">"It was shown already"</h2>
            <p>
                "A secret is shown once, within two minutes after it was made. If it was not kept, make \
                 another one and end this one."
            </p>
            <a class="btn" href=back>
                "Close"
            </a>
        </section>
    }
    .into_any()
}
