//! What can be done with all deliveries that are ticked.

use std::collections::BTreeSet;

use leptos::prelude::*;

use super::Desk;
use crate::ui::{CallForm, Confirm, time::Hydrated};

/// The form that the boxes of the list belong to.
pub const FORM: &str = "selection";

#[component]
pub fn SelectionBar(ids: Vec<String>, desk: Desk) -> AnyView {
    let Desk { chosen, settle } = desk;
    let hydrated = expect_context::<Hydrated>().0;
    // Before the page is alive nobody counts the ticks, so the buttons stay open.
    let idle = Signal::derive(move || {
        settle.pending().get() || hydrated.get() && chosen.with(BTreeSet::is_empty)
    });
    let all: BTreeSet<String> = ids.into_iter().collect();
    // What has gone meanwhile is not chosen any more.
    if !chosen.with_untracked(|chosen| chosen.is_subset(&all)) {
        chosen.update(|chosen| chosen.retain(|id| all.contains(id)));
    }
    let every = all.clone();
    let complete = move || chosen.with(|chosen| !chosen.is_empty() && every.is_subset(chosen));
    let toggle = move |event| {
        chosen.set(if event_target_checked(&event) { all.clone() } else { BTreeSet::new() });
    };
    let told = move || match chosen.with(BTreeSet::len) {
        0 => "none selected".to_owned(),
        count => format!("{count} selected"),
    };
    view! {
        <CallForm action=settle id=FORM class="bar selection">
            <label class="pick needs-script">
                <input type="checkbox" prop:checked=complete on:change=toggle />
                "Select all"
            </label>
            <span class="dim needs-script">{told}</span>
            <div class="row end-row">
                <button class="btn" name="how" value="release" disabled=idle>
                    "Verify selected again"
                </button>
                <Confirm
                    id="delete-selected"
                    label="Delete selected"
                    title="Delete the selected deliveries?"
                    text="They are forgotten and cannot be taken any more."
                    disabled=idle
                >
                    <button class="btn danger" name="how" value="delete">
                        "Delete them"
                    </button>
                </Confirm>
            </div>
        </CallForm>
    }
    .into_any()
}
