//! How long events are kept, and what would go next.

use leptos::prelude::*;

pub mod limits;
pub mod planned;

use self::planned::{Asked, Fields, Planned};
use crate::{
    ApiError,
    api::{RemoveRetention, SetRetention, list_retention, plan_retention},
    model::{RetentionPlan, RetentionView},
    ui::{
        Actions, Columns, Confirm, Day, Fetched, Field, ForOperators, Header, Notice, Refusal,
        announce, json::size,
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

#[component]
fn RuleForm(set: ServerAction<SetRetention>) -> AnyView {
    let asked = planned::asked("keep");
    let plans = Resource::new(move || asked.get(), plan);
    view! {
        <section class="sheet-form" aria-labelledby="retention-form">
            <h2 id="retention-form">"Keep events for"</h2>
            <p class="dim">
                "Settled events that were received longer ago are removed in small batches, with their runs \
                 and journals. What the dashboard counts over time stays for 32 days. Without a rule, events \
                 are kept for ever."
            </p>
            <form class="form" method="get" action="/retention">
                <Fields
                    asked
                    label="Which"
                    source_hint="Empty is every source that has no rule of its own."
                >
                    <Field label="For" hint="Such as 30d; a day at least.">
                        <input
                            class="m"
                            name="keep"
                            required
                            autocomplete="off"
                            placeholder="30d"
                            value=asked.get_untracked().map(|asked| asked.amount)
                        />
                    </Field>
                </Fields>
            </form>
            <Fetched from=plans let:plan>
                {plan.map(|(asked, plan)| view! { <InForce asked plan set /> })}
            </Fetched>
        </section>
    }
    .into_any()
}

async fn plan(asked: Option<Asked>) -> Result<Option<(Asked, RetentionPlan)>, ApiError> {
    let Some(asked) = asked else { return Ok(None) };
    let Asked { status, source, amount } = asked.clone();
    Ok(Some((asked, plan_retention(status, source, amount).await?)))
}

#[component]
fn InForce(asked: Asked, plan: RetentionPlan, set: ServerAction<SetRetention>) -> AnyView {
    let Asked { status, source, amount } = asked.clone();
    view! {
        <Planned asked plan kept="kept for">
            <ActionForm action=set attr:class="form">
                <Refusal action=set />
                <input type="hidden" name="status" value=status />
                <input type="hidden" name="source" value=source />
                <input type="hidden" name="keep" value=amount />
                <button class="btn danger" disabled=set.pending()>
                    "Put in force"
                </button>
            </ActionForm>
        </Planned>
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
                    <ForOperators>
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
                    </ForOperators>
                </div>
            </td>
        </tr>
    }
    .into_any()
}
