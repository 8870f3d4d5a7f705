//! How much is kept.

use leptos::prelude::*;

use super::planned::{self, Asked, Fields, Planned};
use super::which;
use crate::{
    ApiError,
    api::{RemoveRetentionLimit, SetRetentionLimit, list_retention_limits, plan_retention_limit},
    model::{RetentionLimitView, RetentionPlan},
    ui::{
        Actions, Fetched, Field, ForOperators, Notice, Refusal, announce, json::size, number::count,
    },
};

#[component]
pub fn Limits() -> AnyView {
    let done = expect_context::<Actions>().done;
    let limits = Resource::new(move || done.get(), |_| list_retention_limits());
    let set = ServerAction::<SetRetentionLimit>::new();
    let remove = ServerAction::<RemoveRetentionLimit>::new();
    let asked = planned::asked("max");
    let plans = Resource::new(move || asked.get(), plan);
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
                <form class="form" method="get" action="/retention">
                    <Fields asked label="Of" source_hint="Empty is all sources together.">
                        <Field label="At most" hint="Such as 20GiB; 1MiB at least.">
                            <input
                                class="m"
                                name="max"
                                required
                                autocomplete="off"
                                placeholder="20GiB"
                                value=asked.get_untracked().map(|asked| asked.amount)
                            />
                        </Field>
                    </Fields>
                </form>
                <Fetched from=plans let:plan>
                    {plan.map(|(asked, plan)| view! { <InForce asked plan set /> })}
                </Fetched>
            </ForOperators>
            <Fetched from=limits let:limits>
                <Lines limits remove />
            </Fetched>
        </section>
    }
    .into_any()
}

async fn plan(asked: Option<Asked>) -> Result<Option<(Asked, RetentionPlan)>, ApiError> {
    let Some(asked) = asked else { return Ok(None) };
    let Asked { status, source, amount } = asked.clone();
    Ok(Some((asked, plan_retention_limit(status, source, amount).await?)))
}

#[component]
fn InForce(asked: Asked, plan: RetentionPlan, set: ServerAction<SetRetentionLimit>) -> AnyView {
    let Asked { status, source, amount } = asked.clone();
    view! {
        <Planned asked plan kept="at most">
            <ActionForm action=set attr:class="form">
                <Refusal action=set />
                <input type="hidden" name="status" value=status />
                <input type="hidden" name="source" value=source />
                <input type="hidden" name="max" value=amount />
                <button class="btn danger" disabled=set.pending()>
                    "Put in force"
                </button>
            </ActionForm>
        </Planned>
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
    let bytes = size(usize::try_from(bytes).unwrap_or(usize::MAX));
    view! {
        <ActionForm action=remove attr:class="row">
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
        </ActionForm>
    }
    .into_any()
}
