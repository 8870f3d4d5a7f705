//! How long events are kept, and what would go next.

use leptos::prelude::*;

pub mod limits;
pub mod planned;

use self::planned::{Amount, Ask, Asked};
use crate::{
    api::{RemoveRetention, SetRetention, list_retention, plan_retention},
    model::RetentionView,
    ui::{
        Actions, CallForm, Columns, Confirm, Day, Fetched, ForOperators, Header, Notice, announce,
        json::size,
    },
};

#[component]
pub fn RetentionPage() -> impl IntoView {
    let done = expect_context::<Actions>().done;
    let rules = Resource::new(move || done.get(), |_| list_retention());
    let (set, remove) =
        (ServerAction::<SetRetention>::new(), ServerAction::<RemoveRetention>::new());
    announce(set, |()| Notice::done("It holds from the next minute on."));
    announce(remove, |()| Notice::done("These events are kept again."));
    view! {
        <Header title="Retention" />
        <div class="scroll">
            <ForOperators>
                <RuleForm set />
            </ForOperators>
            <limits::Limits />
            <Fetched from=rules let:rules>
                <Rules rules remove />
            </Fetched>
        </div>
    }
}

const HOW_LONG: Amount = Amount {
    name: "keep",
    label: "For",
    hint: "Such as 30d; a day at least.",
    example: "30d",
    kept: "kept for",
};

#[component]
fn RuleForm(set: ServerAction<SetRetention>) -> AnyView {
    let plan = |Asked { status, source, amount }| plan_retention(status, source, amount);
    view! {
        <section class="sheet-form" aria-labelledby="retention-form">
            <h2 id="retention-form">"Keep events for"</h2>
            <p class="dim">
                "Settled events that were received longer ago are removed in small batches, with their runs \
                 and journals. What the dashboard counts over time stays for 32 days. Without a rule, events \
                 are kept for ever."
            </p>
            <Ask
                amount=HOW_LONG
                label="Which"
                source_hint="Empty is every source that has no rule of its own."
                plan
                set
            />
        </section>
    }
    .into_any()
}

/// What the events of this status are called.
fn which(status: &str) -> &'static str {
    if status == "failed" { "Dead letters" } else { "Processed events" }
}

#[component]
fn Rules(rules: Vec<RetentionView>, remove: ServerAction<RemoveRetention>) -> AnyView {
    if rules.is_empty() {
        return view! {
            <section class="empty">
                <h2>"Everything is kept"</h2>
                <p>"No rule is set, so no event is ever removed by itself."</p>
            </section>
        }
        .into_any();
    }
    let rows: Vec<_> = rules.into_iter().map(|rule| view! { <Row rule remove /> }).collect();
    view! {
        <table class="plain">
            <Columns names=&["Which", "Source", "Kept for", "Goes next"] acted=true />
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

#[component]
fn Row(rule: RetentionView, remove: ServerAction<RemoveRetention>) -> AnyView {
    let RetentionView { status, source, keep, due, due_bytes, oldest } = rule;
    let which = which(&status);
    let id = format!("keep-{status}-{}", source.as_deref().unwrap_or_default());
    let bytes = size(due_bytes);
    view! {
        <tr>
            <td>
                <b>{which}</b>
            </td>
            <td>
                {match source.clone() {
                    Some(source) => view! { <span class="m">{source}</span> }.into_any(),
                    None => view! { <span class="dim">"every other source"</span> }.into_any(),
                }}
            </td>
            <td data-label="Kept for">{keep}</td>
            <td data-label="Goes next">
                {due} " events, " {bytes}
                {oldest
                    .map(|at| {
                        view! {
                            <div class="dim">"oldest from " <Day at /></div>
                        }
                    })}
            </td>
            <td>
                <div class="row end-row">
                    <ForOperators>
                        <Confirm
                            id
                            label="Remove"
                            title="Keep these events again?"
                            text="They are kept for ever, or as long as the rule for every source says."
                        >
                            <CallForm action=remove class="inline">
                                <input type="hidden" name="status" value=status />
                                <input type="hidden" name="source" value=source.unwrap_or_default() />
                                <button class="btn danger">"Remove rule"</button>
                            </CallForm>
                        </Confirm>
                    </ForOperators>
                </div>
            </td>
        </tr>
    }
    .into_any()
}
