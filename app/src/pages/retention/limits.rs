//! How much is kept.

use leptos::prelude::*;

use super::planned::{Amount, Ask, Asked};
use super::which;
use crate::{
    api::{RemoveRetentionLimit, SetRetentionLimit, list_retention_limits, plan_retention_limit},
    model::RetentionLimitView,
    ui::{Actions, CallForm, Fetched, ForOperators, Notice, announce, json::size, number::count},
};

const HOW_MUCH: Amount = Amount {
    name: "max",
    label: "At most",
    hint: "Such as 20GiB; 1MiB at least.",
    example: "20GiB",
    kept: "at most",
};

#[component]
pub fn Limits() -> AnyView {
    let done = expect_context::<Actions>().done;
    let limits = Resource::new(move || done.get(), |_| list_retention_limits());
    let set = ServerAction::<SetRetentionLimit>::new();
    let remove = ServerAction::<RemoveRetentionLimit>::new();
    let plan = |Asked { status, source, amount }| plan_retention_limit(status, source, amount);
    announce(set, |()| Notice::done("It holds from the next minute on."));
    announce(remove, |()| Notice::done("These events have no limit any more."));
    view! {
        <section class="sheet-form" aria-labelledby="limit-form">
            <h2 id="limit-form">"Keep at most"</h2>
            <p class="dim">
                "Beyond this much of their payloads, the oldest settled events go, even if a sender may still \
                 repeat them. Held ones stay. A limit without a source is about all events together."
            </p>
            <ForOperators>
                <Ask
                    amount=HOW_MUCH
                    label="Of"
                    source_hint="Empty is all sources together."
                    plan
                    set
                />
            </ForOperators>
            <Fetched from=limits let:limits>
                <Lines limits remove />
            </Fetched>
        </section>
    }
    .into_any()
}

#[component]
fn Lines(limits: Vec<RetentionLimitView>, remove: ServerAction<RemoveRetentionLimit>) -> AnyView {
    limits.into_iter().map(|limit| view! { <Line limit remove /> }).collect_view().into_any()
}

#[component]
fn Line(limit: RetentionLimitView, remove: ServerAction<RemoveRetentionLimit>) -> AnyView {
    let RetentionLimitView { status, source, max, bytes, events, .. } = limit;
    let which = which(&status);
    let of = source.as_ref().map(|source| format!(" of {source}")).unwrap_or_default();
    let label = format!("Remove the limit of {}{of}", which.to_lowercase());
    let bytes = size(bytes);
    view! {
        <CallForm action=remove class="row">
            <input type="hidden" name="status" value=status />
            <input type="hidden" name="source" value=source.unwrap_or_default() />
            <span>
                <b>{which}</b> {of} ": at most " {max} "; now " {bytes} " in " {count(events)} " events"
            </span>
            <ForOperators>
                <button class="btn" aria-label=label>
                    "Remove"
                </button>
            </ForOperators>
        </CallForm>
    }
    .into_any()
}
