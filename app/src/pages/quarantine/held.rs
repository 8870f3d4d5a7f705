//! One delivery that was not believed.

use leptos::prelude::*;

use super::{Desk, cause, selection};
use crate::{
    model::HeldView,
    ui::{CallForm, Confirm, ForOperators, Moment, json::size, runs::exchange::HeaderLines},
};

#[component]
pub fn Held(held: HeldView, desk: Desk) -> AnyView {
    let cause = cause::find(&held.cause);
    let (title, advice) = match cause {
        Some(cause) => (cause.title.to_owned(), cause.advice),
        None => (held.cause.clone(), ""),
    };
    let source = format!("/sources/{}", held.source);
    let (id, code) = (held.id.clone(), held.cause.clone());
    let (picked, named) = (held.id.clone(), title.clone());
    view! {
        <li class="held" data-held-id=id data-cause=code>
            <ForOperators>
                <Pick id=picked title=named desk />
            </ForOperators>
            <div class="what">
                <b>{title}</b>
                <p>{advice}</p>
            </div>
            <div class="which">
                <a class="ref" href=source>
                    {held.source.clone()}
                </a>
            </div>
            <span class="m">
                <Moment at=held.received_at.clone() />
            </span>
            <Doing id=held.id.clone() desk />
            <Contents held />
        </li>
    }
    .into_any()
}

#[component]
fn Pick(id: String, title: String, desk: Desk) -> AnyView {
    let Desk { chosen, .. } = desk;
    let (own, other) = (id.clone(), id.clone());
    let ticked = move || chosen.with(|chosen| chosen.contains(&own));
    let toggle = move |event| {
        let ticked = event_target_checked(&event);
        chosen.update(|chosen| {
            if ticked {
                chosen.insert(other.clone())
            } else {
                chosen.remove(&other)
            };
        });
    };
    view! {
        <input
            type="checkbox"
            name="ids[]"
            value=id
            form=selection::FORM
            aria-label=format!("Select: {title}")
            prop:checked=ticked
            on:change=toggle
        />
    }
    .into_any()
}

/// Each button is in a form of its own, so that it works before any script has run.
#[component]
fn Doing(id: String, desk: Desk) -> AnyView {
    let Desk { settle, .. } = desk;
    let busy = settle.pending();
    let question = format!("delete-{id}");
    let other = id.clone();
    view! {
        <ForOperators>
            <div class="row">
                <CallForm action=settle class="inline">
                    <input type="hidden" name="ids[]" value=other />
                    <button class="btn" name="how" value="release" disabled=busy>
                        "Verify again"
                    </button>
                </CallForm>
                <Confirm
                    id=question
                    label="Delete"
                    title="Delete this delivery?"
                    text="It is forgotten and cannot be taken any more."
                >
                    <CallForm action=settle class="inline">
                        <input type="hidden" name="ids[]" value=id />
                        <button class="btn danger" name="how" value="delete">
                            "Delete it"
                        </button>
                    </CallForm>
                </Confirm>
            </div>
        </ForOperators>
    }
    .into_any()
}

/// The body is text as it came: a signature is over bytes, so nothing is laid out anew.
#[component]
fn Contents(held: HeldView) -> AnyView {
    let whole = size(held.body_bytes);
    let cut = (held.body.len() as u64) < held.body_bytes;
    view! {
        <details class="exchange">
            <summary data-row="">
                <b>"Headers and body"</b>
                " "
                {held.detail}
            </summary>
            <div class="sides">
                <div>
                    <h4>"Headers"</h4>
                    <HeaderLines headers=held.headers />
                </div>
                <div>
                    <h4>"Body, " {whole}</h4>
                    <pre class="json" tabindex="0">
                        {held.body}
                    </pre>
                    {cut
                        .then(|| {
                            view! {
                                <p class="dim">
                                    "This is its beginning; " <code>"sluice quarantine list --json"</code>
                                    " has it whole."
                                </p>
                            }
                        })}
                </div>
            </div>
        </details>
    }
    .into_any()
}
