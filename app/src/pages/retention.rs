//! How long events are kept, and what would go next.

use leptos::prelude::*;

pub mod limits;

use crate::{
    api::{RemoveRetention, SetRetention, list_retention},
    model::RetentionView,
    ui::{
        Actions, Columns, Confirm, Day, Fetched, Field, Header, Notice, Refusal, announce,
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
            <RuleForm set />
            <limits::Limits />
            <Fetched from=rules let:rules>
                <Rules rules remove />
            </Fetched>
        </div>
    }
}

#[component]
fn RuleForm(set: ServerAction<SetRetention>) -> AnyView {
    let pending = set.pending();
    view! {
        <section class="sheet-form" aria-labelledby="retention-form">
            <h2 id="retention-form">"Keep events for"</h2>
            <p class="dim">
                "Settled events that were received longer ago are removed in small batches, with their runs \
                 and journals. What the dashboard counts over time stays. Without a rule, events are kept \
                 for ever."
            </p>
            <ActionForm action=set attr:class="form">
                <Refusal action=set />
                <Field label="Which">
                    <select class="wide" name="status">
                        <option value="processed">"Processed events"</option>
                        <option value="failed">"Dead letters"</option>
                    </select>
                </Field>
                <Field label="Source" hint="Empty is every source that has no rule of its own.">
                    <input class="m" name="source" autocomplete="off" spellcheck="false" />
                </Field>
                <Field label="For" hint="Such as 30d; a day at least.">
                    <input class="m" name="keep" required autocomplete="off" placeholder="30d" />
                </Field>
                <div class="row">
                    <button class="btn main" disabled=pending>
                        "Set"
                    </button>
                </div>
            </ActionForm>
        </section>
    }
    .into_any()
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
    let which = if status == "failed" { "Dead letters" } else { "Processed events" };
    let id = format!("keep-{status}-{}", source.as_deref().unwrap_or_default());
    let bytes = size(usize::try_from(due_bytes).unwrap_or(usize::MAX));
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
                    <Confirm
                        id
                        label="Remove"
                        title="Keep these events again?"
                        text="They are kept for ever, or as long as the rule for every source says."
                    >
                        <ActionForm action=remove attr:class="inline">
                            <input type="hidden" name="status" value=status />
                            <input type="hidden" name="source" value=source.unwrap_or_default() />
                            <button class="btn danger">"Remove rule"</button>
                        </ActionForm>
                    </Confirm>
                </div>
            </td>
        </tr>
    }
    .into_any()
}
