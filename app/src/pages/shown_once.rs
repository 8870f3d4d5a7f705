//! A secret that was just made, the one time it can be seen.

use leptos::{html, prelude::*};

use crate::{
    api::reveal_secret,
    ui::{CopyLine, Problem},
};

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
            match ticket {
                Some(ticket) => reveal_secret(ticket).await.map(Some),
                None => Ok(None),
            }
        },
    );
    view! {
        <Transition>
            {move || {
                let (title, note) = (title.clone(), note.clone());
                Suspend::new(async move {
                    match secret.await {
                        Ok(None) => ().into_any(),
                        Ok(Some(Some(secret))) => {
                            view! { <Secret secret title note back /> }.into_any()
                        }
                        Ok(Some(None)) => view! { <Gone back /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })
            }}
        </Transition>
    }
    .into_any()
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
