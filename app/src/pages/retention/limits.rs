//! How much is kept.

use leptos::prelude::*;

use crate::{
    api::{RemoveRetentionLimit, SetRetentionLimit, list_retention_limits},
    model::RetentionLimitView,
    ui::{Actions, Fetched, Field, Notice, Refusal, announce, json::size, number::count},
};

#[component]
pub fn Limits() -> AnyView {
    let done = expect_context::<Actions>().done;
    let limits = Resource::new(move || done.get(), |_| list_retention_limits());
    let set = ServerAction::<SetRetentionLimit>::new();
    let remove = ServerAction::<RemoveRetentionLimit>::new();
    announce(set, |()| Notice::done("It holds from the next minute on."));
    announce(remove, |()| Notice::done("These events have no limit any more."));
    view! {
        <section class="sheet-form" aria-labelledby="limit-form">
            <h2 id="limit-form">"Keep at most"</h2>
            <p class="dim">
                "Beyond this much of their payloads, the oldest settled events go, even if a sender may still \
                 repeat them. Held ones stay."
            </p>
            <ActionForm action=set attr:class="form">
                <Refusal action=set />
                <Field label="Of">
                    <select class="wide" name="status">
                        <option value="processed">"Processed events"</option>
                        <option value="failed">"Dead letters"</option>
                    </select>
                </Field>
                <Field label="At most" hint="Such as 20GiB; 1MiB at least.">
                    <input class="m" name="max" required autocomplete="off" placeholder="20GiB" />
                </Field>
                <div class="row">
                    <button class="btn main" disabled=set.pending()>
                        "Limit"
                    </button>
                </div>
            </ActionForm>
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
    let RetentionLimitView { status, max, bytes, events, .. } = limit;
    let which = if status == "failed" { "Dead letters" } else { "Processed events" };
    let label = format!("Remove the limit of {}", which.to_lowercase());
    let bytes = size(usize::try_from(bytes).unwrap_or(usize::MAX));
    view! {
        <ActionForm action=remove attr:class="row">
            <input type="hidden" name="status" value=status />
            <span>
                <b>{which}</b> ": at most " {max} "; now " {bytes} " in " {count(events)} " events"
            </span>
            <button class="btn" aria-label=label>
                "Remove"
            </button>
        </ActionForm>
    }
    .into_any()
}
