//! What can be done with all letters that are ticked, or with all that match. It leads to a plan first.

use std::collections::BTreeSet;

use leptos::prelude::*;

use super::Desk;
use crate::{
    model::{BulkAction, LetterFilter},
    ui::time::Hydrated,
};

/// The form that the boxes of the list belong to.
pub const FORM: &str = "selection";

#[component]
pub fn SelectionBar(ids: Vec<String>, matching: u64, filter: LetterFilter, desk: Desk) -> AnyView {
    let Desk { chosen, every, .. } = desk;
    let hydrated = expect_context::<Hydrated>().0;
    // Before the page is alive nobody counts the ticks, so the buttons stay open.
    let idle = move || hydrated.get() && !every.get() && chosen.with(BTreeSet::is_empty);
    let all: BTreeSet<String> = ids.into_iter().collect();
    // What has gone meanwhile is not chosen any more.
    if !chosen.with_untracked(|chosen| chosen.is_subset(&all)) {
        chosen.update(|chosen| chosen.retain(|id| all.contains(id)));
    }
    let whole = all.clone();
    let complete = move || chosen.with(|chosen| !chosen.is_empty() && whole.is_subset(chosen));
    let toggle = move |event| {
        chosen.set(if event_target_checked(&event) { all.clone() } else { BTreeSet::new() });
    };
    let told = move || match (every.get(), chosen.with(BTreeSet::len)) {
        (true, _) => format!("all {matching} selected"),
        (false, 0) => "none selected".to_owned(),
        (false, count) => format!("{count} selected"),
    };
    // Those that an operation touched are shown page by page, and not a choice of their own.
    let everything = filter.bulk.is_none();
    let kept: Vec<_> = LetterFilter { bulk: None, ..filter }
        .pairs()
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
        .collect();
    let buttons = BulkAction::ALL.map(|action| {
        let risky = action == BulkAction::Delete;
        view! {
            <button class="btn" class:risky=risky name="plan" value=action.name() disabled=idle>
                {action.label()}
                " selected"
            </button>
        }
    });
    view! {
        <form id=FORM class="bar selection" method="get" action="/dead-letters">
            {kept} <label class="pick needs-script">
                <input type="checkbox" prop:checked=complete on:change=toggle />
                "Select all shown"
            </label> {everything.then(|| view! { <Everything matching every /> })} <span class="dim needs-script" role="status">
                {told}
            </span> <div class="row end-row">{buttons.to_vec()}</div>
        </form>
    }
    .into_any()
}

/// The box that takes all that match, also those on other pages.
#[component]
fn Everything(matching: u64, every: RwSignal<bool>) -> AnyView {
    let choose = move |event| every.set(event_target_checked(&event));
    view! {
        <label class="pick">
            <input type="checkbox" name="all" value="1" prop:checked=every on:change=choose />
            {format!("All {matching} that match")}
        </label>
    }
    .into_any()
}
