//! What a rule or a limit would remove, shown before it is in force. It is asked for by the page's address, so
//! that what is shown is what is so, and that it works without a script.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};

use super::which;
use crate::{
    model::RetentionPlan,
    ui::{Day, Field, json::size, number::count},
};

/// The rule or limit that the address asks about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub status: String,
    pub source: String,
    /// How long, or how much.
    pub amount: String,
}

/// What is asked for where the address says an amount under this name.
pub fn asked(name: &'static str) -> Memo<Option<Asked>> {
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

/// The fields of a form that asks: which events, of which source, and how long or how much.
#[component]
pub fn Fields(
    asked: Memo<Option<Asked>>,
    label: &'static str,
    source_hint: &'static str,
    children: Children,
) -> AnyView {
    let asked = asked.get_untracked();
    let failed = asked.as_ref().is_some_and(|asked| asked.status == "failed");
    view! {
        <Field label>
            <select class="wide" name="status">
                <option value="processed">"Processed events"</option>
                <option value="failed" selected=failed>
                    "Dead letters"
                </option>
            </select>
        </Field>
        <Field label="Source" hint=source_hint>
            <input
                class="m"
                name="source"
                autocomplete="off"
                spellcheck="false"
                value=asked.map(|asked| asked.source)
            />
        </Field>
        {children()}
        <div class="row">
            <button class="btn main">"Preview"</button>
        </div>
    }
    .into_any()
}

/// What would go, with the form that puts the rule or limit in force.
#[component]
pub fn Planned(
    asked: Asked,
    plan: RetentionPlan,
    /// Between whose events they are and how long or how much of them is kept.
    kept: &'static str,
    children: Children,
) -> AnyView {
    let Asked { status, source, amount } = asked;
    let of = if source.is_empty() { String::new() } else { format!(" of {source}") };
    let bytes = size(usize::try_from(plan.bytes).unwrap_or(usize::MAX));
    let going = match plan.events {
        0 => "nothing would be removed now".to_owned(),
        1 => format!("1 event would be removed at once, {bytes}"),
        many => format!("{} events would be removed at once, {bytes}", count(many)),
    };
    view! {
        <p role="status" aria-label="Planned">
            {format!("{}{of}, {kept} {amount}: {going}", which(&status))}
            {plan.oldest.map(|at| view! { ", the oldest from " <Day at /> })} "."
        </p>
        {children()}
    }
    .into_any()
}
