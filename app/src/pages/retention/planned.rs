//! What a rule or a limit would remove, shown before it is in force. It is asked for by the page's address, so
//! that what is shown is what is so, and that it works without a script.

use std::future::Future;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::which;
use crate::{
    ApiError,
    model::RetentionPlan,
    ui::{CallForm, Day, Deed, Fetched, Field, Refusal, found_by, json::size, number::count},
};

/// The rule or limit that the address asks about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub status: String,
    pub source: String,
    /// How long, or how much.
    pub amount: String,
}

/// How long or how much, as it is asked for and told.
#[derive(Clone, Copy)]
pub struct Amount {
    /// Of the field, in the address and for the server.
    pub name: &'static str,
    pub label: &'static str,
    pub hint: &'static str,
    pub example: &'static str,
    /// Between whose events they are and the amount.
    pub kept: &'static str,
}

/// Asks for a rule or a limit, shows what it would remove, and then lets it be put in force.
#[component]
pub fn Ask<
    F: Deed + DeserializeOwned,
    P: Future<Output = Result<RetentionPlan, ApiError>> + Send + 'static,
>(
    amount: Amount,
    label: &'static str,
    source_hint: &'static str,
    plan: fn(Asked) -> P,
    set: ServerAction<F>,
) -> AnyView {
    let asked = asked(amount.name);
    let plans = Resource::new(move || asked.get(), move |asked| planned(asked, plan));
    view! {
        <Fields asked=asked.get_untracked() amount label source_hint />
        <Fetched from=plans let:planned>
            {planned.map(|(asked, plan)| view! { <Planned asked plan amount set /> })}
        </Fetched>
    }
    .into_any()
}

async fn planned<P: Future<Output = Result<RetentionPlan, ApiError>>>(
    asked: Option<Asked>,
    plan: fn(Asked) -> P,
) -> Result<Option<(Asked, RetentionPlan)>, ApiError> {
    match asked {
        Some(asked) => found_by(asked, plan).await.map(Some),
        None => Ok(None),
    }
}

/// What is asked for where the address says an amount under this name.
fn asked(name: &'static str) -> Memo<Option<Asked>> {
    let query = use_query_map();
    Memo::new(move |_| {
        query.with(|query| {
            let text = |name: &str| query.get(name).unwrap_or_default().trim().to_owned();
            let asked =
                Asked { status: text("status"), source: text("source"), amount: text(name) };
            Some(asked).filter(|asked| !asked.amount.is_empty())
        })
    })
}

/// Which events, of which source, and how long or how much.
#[component]
fn Fields(
    asked: Option<Asked>,
    amount: Amount,
    label: &'static str,
    source_hint: &'static str,
) -> AnyView {
    let failed = asked.as_ref().is_some_and(|asked| asked.status == "failed");
    let (source, said) = asked.map(|asked| (asked.source, asked.amount)).unzip();
    view! {
        <form class="form" method="get" action="/retention">
            <Field label>
                <select class="wide" name="status">
                    <option value="processed">"Processed events"</option>
                    <option value="failed" selected=failed>
                        "Dead letters"
                    </option>
                </select>
            </Field>
            <Field label="Source" hint=source_hint>
                <input class="m" name="source" autocomplete="off" spellcheck="false" value=source />
            </Field>
            <Field label=amount.label hint=amount.hint>
                <input
                    class="m"
                    name=amount.name
                    required
                    autocomplete="off"
                    placeholder=amount.example
                    value=said
                />
            </Field>
            <div class="row">
                <button class="btn main">"Preview"</button>
            </div>
        </form>
    }
    .into_any()
}

/// What would go, with the form that puts the rule or limit in force.
#[component]
fn Planned<F: Deed + DeserializeOwned>(
    asked: Asked,
    plan: RetentionPlan,
    amount: Amount,
    set: ServerAction<F>,
) -> AnyView {
    let told = told(&asked, &plan, amount.kept);
    let Asked { status, source, amount: said } = asked;
    view! {
        <p role="status" aria-label="Planned">
            {told} {plan.oldest.map(|at| view! { ", the oldest from " <Day at /> })} "."
        </p>
        <CallForm action=set class="form">
            <Refusal action=set />
            <input type="hidden" name="status" value=status />
            <input type="hidden" name="source" value=source />
            <input type="hidden" name=amount.name value=said />
            <button class="btn danger" disabled=set.pending()>
                "Put in force"
            </button>
        </CallForm>
    }
    .into_any()
}

fn told(asked: &Asked, plan: &RetentionPlan, kept: &str) -> String {
    let Asked { status, source, amount } = asked;
    let of = if source.is_empty() { String::new() } else { format!(" of {source}") };
    let bytes = size(plan.bytes);
    let going = match plan.events {
        0 => "nothing would be removed now".to_owned(),
        1 => format!("1 event would be removed at once, {bytes}"),
        many => format!("{} events would be removed at once, {bytes}", count(many)),
    };
    format!("{}{of}, {kept} {amount}: {going}", which(status))
}
