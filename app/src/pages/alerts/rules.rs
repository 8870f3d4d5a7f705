//! The rules and how they stand.

use leptos::prelude::*;

use super::Deeds;
use crate::{
    model::AlertRuleView,
    ui::{CallForm, Columns, Confirm, ForOperators, Moment},
};

#[component]
pub fn Rules(rules: Vec<AlertRuleView>, deeds: Deeds) -> AnyView {
    if rules.is_empty() {
        return view! {
            <section class="empty">
                <h2>"No rules"</h2>
                <p>"Nothing is watched. Make a rule for what you would want to be woken for."</p>
            </section>
        }
        .into_any();
    }
    // What fires is what people came for.
    let (firing, quiet): (Vec<_>, Vec<_>) =
        rules.into_iter().partition(|rule| rule.state == "firing");
    let rows: Vec<_> =
        firing.into_iter().chain(quiet).map(|rule| view! { <Row rule deeds /> }).collect();
    view! {
        <table class="plain">
            <Columns names=&["State", "Rule", "Reads", "Since"] acted=true />
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

#[component]
fn Row(rule: AlertRuleView, deeds: Deeds) -> AnyView {
    let firing = rule.state == "firing";
    let muted = rule.muted_until.clone();
    let (id, name, is_muted) = (rule.id.clone(), rule.name.clone(), muted.is_some());
    let unit = rule.condition.get("kind").and_then(|kind| kind.as_str()).unwrap_or_default();
    let reads = rule.value.map(|value| reading(unit, value));
    // Rules that came with the schema have stood as they do for ever.
    let since = Some(rule.since).filter(|since| !since.as_str().starts_with("1970"));
    view! {
        <tr data-rule-id=rule.id>
            <td>
                {if firing {
                    view! { <span class="s failed">"Firing"</span> }.into_any()
                } else {
                    view! { <span class="s processed">"Quiet"</span> }.into_any()
                }}
                {muted
                    .map(|until| {
                        view! {
                            <div class="dim">"muted until " <Moment at=until /></div>
                        }
                    })}
            </td>
            <td>
                <b>{rule.name}</b>
                <div class="dim">"when " {rule.says} ", again after " {rule.repeat}</div>
            </td>
            <td data-label="Reads" class="m">
                {reads.unwrap_or_else(|| "–".to_owned())}
            </td>
            <td data-label="Since">
                {match since {
                    Some(at) => view! { <Moment at /> }.into_any(),
                    None => view! { <span class="dim">"the start"</span> }.into_any(),
                }}
            </td>
            <td>
                <div class="row end-row">
                    <ForOperators>
                        <RuleActions id name muted=is_muted deeds />
                    </ForOperators>
                </div>
            </td>
        </tr>
    }
    .into_any()
}

fn reading(kind: &str, value: f64) -> String {
    match kind {
        "failureRate" => format!("{value:.1} %"),
        "latency" => format!("{:.1} s", value / 1_000.0),
        _ => format!("{value}"),
    }
}

#[component]
fn RuleActions(id: String, name: String, muted: bool, deeds: Deeds) -> AnyView {
    let (question, title) = (format!("delete-{id}"), format!("Delete {name}?"));
    let (muting, muted_id) = (format!("How long {name} is muted"), id.clone());
    view! {
        <CallForm action=deeds.mute class="inline role-form">
            <input type="hidden" name="id" value=muted_id />
            {if muted {
                view! { <button class="btn">"Unmute"</button> }.into_any()
            } else {
                view! {
                    <select name="length" aria-label=muting>
                        <option value="1h">"for 1 hour"</option>
                        <option value="8h">"for 8 hours"</option>
                        <option value="7d">"for 7 days"</option>
                    </select>
                    <button class="btn">"Mute"</button>
                }
                    .into_any()
            }}
        </CallForm>
        <Confirm
            id=question
            label="Delete"
            title
            text="It is read no more. What it told stays in the history."
        >
            <CallForm action=deeds.delete class="inline">
                <input type="hidden" name="id" value=id />
                <button class="btn danger">"Delete rule"</button>
            </CallForm>
        </Confirm>
    }
    .into_any()
}
