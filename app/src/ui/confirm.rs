//! A second thought before what cannot be undone. The browser itself opens and closes it, so it also
//! works before any script has run.

use leptos::{html, prelude::*};

/// A button that opens a question; `children` are the form or button that does it.
#[component]
pub fn Confirm(
    /// Names the question on the page.
    #[prop(into)]
    id: String,
    #[prop(into)] label: String,
    #[prop(into)] title: String,
    #[prop(into)] text: String,
    #[prop(optional, into)] disabled: Signal<bool>,
    /// It only asks for a word more: nothing is lost by it.
    #[prop(optional)]
    calm: bool,
    children: Children,
) -> AnyView {
    let question = NodeRef::<html::Div>::new();
    let close = move |_| {
        if let Some(question) = question.get_untracked() {
            // It refuses only when it is closed already.
            let _ = question.hide_popover();
        }
    };
    let heading = format!("{id}-title");
    let (named, labelled, opens) = (id.clone(), heading.clone(), id.clone());
    view! {
        <button
            type="button"
            class="btn"
            class:risky=!calm
            popovertarget=opens
            disabled=disabled
        >
            {label}
        </button>
        <div
            class="confirm"
            id=named
            popover="auto"
            role="dialog"
            aria-labelledby=labelled
            node_ref=question
            on:submit=close
        >
            <h2 id=heading>{title}</h2>
            <p>{text}</p>
            <div class="row">
                <button type="button" class="btn" popovertarget=id popovertargetaction="hide">
                    "Cancel"
                </button>
                {children()}
            </div>
        </div>
    }
    .into_any()
}
