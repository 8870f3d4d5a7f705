//! What is about to be done, with its counts, before it is done.

use leptos::prelude::*;
use leptos_router::params::ParamsMap;

use super::{address, operation::Doing};
use crate::{
    api::plan_bulk,
    model::{BulkAction, BulkPlan, LetterFilter},
    ui::{CallForm, Fetched, Refusal},
};

/// How many lines of each kind a plan shows.
const LINES: usize = 8;

/// What the address asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    action: BulkAction,
    filter: LetterFilter,
    /// Empty for all that match.
    ids: Vec<String>,
    all: bool,
}

impl Asked {
    pub fn read(query: &ParamsMap) -> Option<Self> {
        let action = query.get("plan")?.parse().ok()?;
        let all = query.get("all").is_some();
        let ids = query.get_all("ids").filter(|_| !all).unwrap_or_default();
        let filter = LetterFilter { bulk: None, ..LetterFilter::read(|name| query.get(name)) };
        Some(Self { action, filter, ids, all })
    }

    fn is_nothing(&self) -> bool {
        !self.all && self.ids.is_empty()
    }
}

/// Where `action` is planned for one of the letters that `filter` shows.
pub fn of_one(action: BulkAction, filter: &LetterFilter, id: String) -> String {
    planned(action, filter, ("ids", id))
}

/// Where it is planned for all of them.
pub fn of_all(action: BulkAction, filter: &LetterFilter) -> String {
    planned(action, filter, ("all", "1".to_owned()))
}

fn planned(action: BulkAction, filter: &LetterFilter, which: (&'static str, String)) -> String {
    let filter = LetterFilter { bulk: None, ..filter.clone() };
    address(&filter, [("plan", action.name().to_owned()), which])
}

#[component]
pub fn PlanPanel(asked: Asked, doing: Doing) -> AnyView {
    let back = address(&asked.filter, None);
    if asked.is_nothing() {
        return view! {
            <section class="plan" role="region" aria-labelledby="plan-title">
                <h2 id="plan-title">"Nothing was selected"</h2>
                <p class="dim">"Tick the events that are meant, or all that match."</p>
                <a class="btn" href=back>
                    "Back"
                </a>
            </section>
        }
        .into_any();
    }
    let (action, filter) = (asked.action, asked.filter.of_operation(asked.ids.clone()));
    let plan = Resource::new(
        move || (action, filter.clone()),
        |(action, filter)| plan_bulk(action, filter),
    );
    view! {
        <section class="plan" role="region" aria-labelledby="plan-title">
            <Fetched from=plan let:plan>
                <Plan plan asked=asked.clone() back=back.clone() doing />
            </Fetched>
        </section>
    }
    .into_any()
}

fn events(count: u64) -> String {
    match count {
        1 => "1 event".to_owned(),
        count => format!("{count} events"),
    }
}

fn question(action: BulkAction, count: u64) -> String {
    let events = events(count);
    match action {
        BulkAction::Retry => format!("Retry {events}?"),
        BulkAction::Replay => format!("Replay {events}?"),
        BulkAction::Resolve => format!("Mark {events} as processed?"),
        BulkAction::Delete => format!("Delete {events}?"),
    }
}

fn meaning(action: BulkAction) -> &'static str {
    match action {
        BulkAction::Retry => "Their failed runs go on, each from the step that failed.",
        BulkAction::Replay => {
            "Each goes through again as a new event, matched against the workflows of today. The old \
             ones stay as they are."
        }
        BulkAction::Resolve => "They leave the dead letters and nothing runs.",
        BulkAction::Delete => {
            "They go with their payloads, runs and attempts, and cannot come back."
        }
    }
}

#[component]
fn Plan(plan: BulkPlan, asked: Asked, back: String, doing: Doing) -> AnyView {
    let BulkPlan { action, total, by_type, by_group, held, .. } = plan;
    let types: Vec<_> = by_type.into_iter().map(|line| (line.event_type, line.count)).collect();
    let groups: Vec<_> = by_group.into_iter().map(|line| (line.message, line.count)).collect();
    let danger = action == BulkAction::Delete;
    view! {
        <h2 id="plan-title">{question(action, total)}</h2>
        <p>{meaning(action)}</p>
        {(held > 0).then(|| view! { <p>{held} " more are held and stay."</p> })}
        <div class="counts">
            <Counts title="By type" lines=types />
            <Counts title="By failure" lines=groups />
        </div>
        <Refusal action=doing.start />
        <CallForm action=doing.start class="form">
            <Which asked />
            {action.has_canary().then(|| view! { <Canary total /> })}
            {(action == BulkAction::Resolve)
                .then(|| {
                    view! {
                        <label class="field">
                            <span>"Note"</span>
                            <input name="note" maxlength="2000" placeholder="optional: why" />
                        </label>
                    }
                })}
            <div class="row">
                <button
                    class="btn"
                    class:main=!danger
                    class:danger=danger
                    autofocus
                    disabled=move || doing.start.pending().get() || total == 0
                >
                    {format!("{} {}", action.label(), events(total))}
                </button>
                <a class="btn" href=back>
                    "Back"
                </a>
            </div>
        </CallForm>
    }
    .into_any()
}

/// The events that are meant, as fields of the form.
#[component]
fn Which(asked: Asked) -> AnyView {
    let Asked { action, filter, ids, .. } = asked;
    let fields =
        [("group", filter.group), ("event_type", filter.event_type), ("source", filter.source)];
    let fields: Vec<_> = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .chain(ids.into_iter().map(|id| ("ids[]", id)))
        .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
        .collect();
    view! {
        <input type="hidden" name="action" value=action.name() />
        {fields}
    }
    .into_any()
}

#[component]
fn Canary(total: u64) -> AnyView {
    let wanted = total > 1;
    view! {
        <label class="tick">
            <input type="checkbox" name="canary" value="on" checked=wanted />
            <span>
                <b>"Canary"</b>
                <small>
                    "One event goes first, then ten, then the rest; it stops by itself when they fail \
                     again."
                </small>
            </span>
        </label>
    }
    .into_any()
}

#[component]
fn Counts(title: &'static str, lines: Vec<(String, u64)>) -> AnyView {
    if lines.is_empty() {
        return ().into_any();
    }
    let more = lines.len().saturating_sub(LINES);
    let rows: Vec<_> = lines
        .into_iter()
        .take(LINES)
        .map(|(name, count)| {
            view! {
                <tr>
                    <td class="end">{count}</td>
                    <td>{name}</td>
                </tr>
            }
        })
        .collect();
    view! {
        <table>
            <caption>{title}</caption>
            <tbody>{rows}</tbody>
        </table>
        {(more > 0).then(|| view! { <p class="dim">{format!("and {more} more")}</p> })}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_for_one_letter_or_for_all_that_are_shown() {
        let filter = LetterFilter {
            source: Some("shop".to_owned()),
            bulk: Some("blk_1".to_owned()),
            ..LetterFilter::default()
        };
        let one = of_one(BulkAction::Delete, &filter, "evt_1".to_owned());
        // An underscore may be written as it is or not.
        assert_eq!(one.replace("%5F", "_"), "/dead-letters?source=shop&plan=delete&ids=evt_1");
        let all = of_all(BulkAction::Retry, &filter);
        assert_eq!(all, "/dead-letters?source=shop&plan=retry&all=1");
    }
}
