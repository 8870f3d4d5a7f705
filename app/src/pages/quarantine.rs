//! Deliveries that were not believed: why, and what can be done about it.

use std::{cmp::Reverse, collections::BTreeSet};

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::{SettleDeliveries, list_quarantine},
    live::Live,
    model::{HeldFilter, Quarantine, Settled},
    ui::{
        self, Actions, Fetched, ForOperators, Header, Notice, announce, found_by, sorted::Sorted,
    },
};

pub mod cause;
pub mod filter_bar;
pub mod held;
pub mod selection;

use filter_bar::FilterBar;
use held::Held;
use selection::SelectionBar;

/// What the page's parts share: which deliveries are ticked, and what to do with them.
#[derive(Clone, Copy)]
pub struct Desk {
    chosen: RwSignal<BTreeSet<String>>,
    settle: ServerAction<SettleDeliveries>,
}

#[component]
pub fn QuarantinePage() -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| query.with(|query| HeldFilter::read(|name| query.get(name))));
    let live = expect_context::<Live>();
    let count = Memo::new(move |_| live.stats.get().map(|stats| stats.quarantined));
    let done = expect_context::<Actions>().done;
    let held = Resource::new(
        move || (filter.get(), count.get(), done.get()),
        |(filter, ..)| found_by(filter, list_quarantine),
    );
    let page = Owner::current().unwrap_or_default();
    let desk = Desk { chosen: RwSignal::default(), settle: ServerAction::new() };
    announce(desk.settle, move |settled| {
        desk.chosen.set(BTreeSet::new());
        outcome(&settled)
    });
    view! {
        <Header title="Quarantine" />
        <div class="scroll">
            <Fetched from=held let:found>
                <Deliveries
                    quarantine=found.1
                    filter=found.0
                    asked=filter
                    desk
                    page=page.clone()
                />
            </Fetched>
        </div>
    }
}

fn outcome(settled: &Settled) -> Notice {
    let notice = Notice::done(settled.told().unwrap_or_else(|| "Nothing was chosen.".to_owned()));
    match &settled.event {
        Some(id) if settled.released == 1 => notice.with_link(format!("/events/{id}"), "Open it"),
        Some(_) => notice.with_link("/".to_owned(), "Open the stream"),
        None => notice,
    }
}

#[component]
fn Deliveries(
    quarantine: Quarantine,
    filter: HeldFilter,
    asked: Memo<HeldFilter>,
    desk: Desk,
    page: Owner,
) -> AnyView {
    if quarantine.sources.is_empty() {
        return view! { <Empty /> }.into_any();
    }
    let ids: Vec<_> = quarantine.items.iter().map(|held| held.id.clone()).collect();
    // While someone reads one, or is asked about it, others come above it.
    let rows = Sorted::new(
        quarantine.items,
        |held| Reverse(held.id.clone()),
        page,
        move |held| view! { <Held held desk /> }.into_any(),
    );
    let older = quarantine.next_cursor.map(|cursor| {
        let older = HeldFilter { cursor: Some(cursor), ..filter.clone() };
        view! {
            <a class="btn" href=address(&older)>
                "Load older"
            </a>
        }
    });
    view! {
        <FilterBar filter asked sources=quarantine.sources />
        {if ids.is_empty() {
            view! { <NoMatch /> }.into_any()
        } else {
            view! {
                <ForOperators>
                    <SelectionBar ids desk />
                </ForOperators>
                <ul class="letters" aria-label="Deliveries in quarantine">
                    {rows}
                </ul>
                <div class="more-bar">{older}</div>
            }
                .into_any()
        }}
    }
    .into_any()
}

#[component]
fn NoMatch() -> impl IntoView {
    view! {
        <section class="empty">
            <h2>"No delivery matches"</h2>
            <p>"Nothing in quarantine fits these filters."</p>
            <a class="btn" href="/quarantine">
                "Show all"
            </a>
        </section>
    }
}

#[component]
fn Empty() -> impl IntoView {
    view! {
        <section class="empty">
            <h2>"Nothing in quarantine"</h2>
            <p>
                "A delivery to a source comes here when its signature is not believed: signed with another \
                 secret, changed on its way, too old, or not signed at all. It is kept whole, the newest \
                 1,000 of each source, and can be checked again once the cause is mended."
            </p>
            <a class="btn" href="/sources">
                "See the sources"
            </a>
        </section>
    }
}

/// The address of the quarantine under `filter`.
fn address(filter: &HeldFilter) -> String {
    ui::address("/quarantine", filter.pairs())
}
