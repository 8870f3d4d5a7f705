//! Events that failed for good, what they failed for, and what can still be done for them, one by one
//! or for many at once.
//!
//! What is asked is in the address: which letters, and with `plan` what is to be done to which of them.
//! So the way to an operation is the same with and without a script.

use std::{cmp::Reverse, collections::BTreeSet};

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::list_dead_letters,
    live::Live,
    model::{DeadLetter, DeadLetters, LetterFilter, Page},
    ui::{self, Actions, Fetched, ForOperators, Header, found_by, sorted::Sorted},
};

pub mod filter_bar;
pub mod groups;
pub mod letter;
pub mod operation;
pub mod plan;
pub mod selection;

use filter_bar::FilterBar;
use groups::Groups;
use letter::Letter;
use operation::{Doing, Operations};
use plan::{Asked, PlanPanel};
use selection::SelectionBar;

/// What the page's parts share. It outlives the list, which is fetched again when something changes.
#[derive(Clone, Copy)]
pub struct Desk {
    /// Which letters the address asks for by now.
    asked: Memo<LetterFilter>,
    /// Those that are ticked.
    chosen: RwSignal<BTreeSet<String>>,
    /// All that match are meant, and not only those that are ticked.
    every: RwSignal<bool>,
    doing: Doing,
}

#[component]
pub fn DeadLettersPage() -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| query.with(|query| LetterFilter::read(|name| query.get(name))));
    let planned = Memo::new(move |_| query.with(Asked::read));
    let live = expect_context::<Live>();
    let changed = live.hints(Signal::stored("status=failed".to_owned()));
    let done = expect_context::<Actions>().done;
    // Those that leave the list are not among the failed any more; their number tells.
    let count = Memo::new(move |_| live.stats.get().map(|stats| stats.counts.failed));
    let ended = Memo::new(move |_| {
        let bulk = live.bulk.get();
        bulk.filter(|bulk| !bulk.state.is_open()).map(|bulk| (bulk.id, bulk.state, bulk.done))
    });
    let letters = Resource::new(
        move || (filter.get(), changed.get(), done.get(), count.get(), ended.get()),
        |(filter, ..)| found_by(filter, list_dead_letters),
    );
    let every = RwSignal::new(false);
    // All that match is another thing under another filter.
    Effect::new(move |_| {
        filter.track();
        every.set(false);
    });
    let doing = Doing::provide();
    let desk = Desk { asked: filter, chosen: RwSignal::default(), every, doing };
    let page = Owner::current().unwrap_or_default();
    view! {
        <Header title="Dead letters">
            <Export filter />
        </Header>
        <div class="scroll">
            {move || planned.get().map(|asked| view! { <PlanPanel asked doing /> })}
            <FilterBar filter />
            <Fetched from=letters let:found>
                <Letters letters=found.1 filter=found.0 desk page=page.clone() />
            </Fetched>
        </div>
    }
}

/// All that the filter shows, with their payloads as they came.
#[component]
fn Export(filter: Memo<LetterFilter>) -> AnyView {
    let href = move || ui::address("/api/v1/dead-letters/export", filter.get().pairs());
    view! {
        <a class="btn" rel="external" download href=href>
            "Export NDJSON"
        </a>
    }
    .into_any()
}

#[component]
fn Letters(letters: DeadLetters, filter: LetterFilter, desk: Desk, page: Owner) -> AnyView {
    let DeadLetters { letters, matching, groups, operations } = letters;
    let chosen = filter.group.clone();
    let list = match (letters.items.is_empty(), filter.narrows()) {
        (false, _) => view! { <List letters matching filter desk page=page.clone() /> }.into_any(),
        (true, true) => view! { <NoMatch /> }.into_any(),
        (true, false) => view! { <Empty /> }.into_any(),
    };
    view! {
        <Operations operations doing=desk.doing page />
        <Groups groups chosen />
        {list}
    }
    .into_any()
}

#[component]
fn List(
    letters: Page<DeadLetter>,
    matching: u64,
    filter: LetterFilter,
    desk: Desk,
    page: Owner,
) -> AnyView {
    let ids: Vec<_> = letters.items.iter().map(|letter| letter.id.clone()).collect();
    // While someone writes a note about one, others come above it. One that failed once more is another.
    let rows = Sorted::new(
        letters.items,
        |letter| Reverse((letter.seq, letter.failed_at.clone())),
        page,
        move |letter| view! { <Letter letter desk /> }.into_any(),
    );
    let older = letters.next_cursor.map(|cursor| {
        let href = address(&filter, [("cursor", cursor)]);
        view! {
            <a class="btn" href=href>
                "Load older"
            </a>
        }
    });
    view! {
        <ForOperators>
            <SelectionBar ids matching filter desk />
        </ForOperators>
        <ul class="letters" aria-label="Dead letters">
            {rows}
        </ul>
        <div class="more-bar">{older}</div>
    }
    .into_any()
}

#[component]
fn Empty() -> impl IntoView {
    view! {
        <section class="empty">
            <h2>"No dead letters"</h2>
            <p>
                "Every event reached its end. An event comes here when a workflow run has used up \
                 its retries; nothing is lost, and it can be retried from here."
            </p>
        </section>
    }
}

#[component]
fn NoMatch() -> impl IntoView {
    view! {
        <section class="empty">
            <h2>"No dead letter matches"</h2>
            <p>"None of the events that failed fits these filters."</p>
            <a class="btn" href="/dead-letters">
                "Show all"
            </a>
        </section>
    }
}

/// The address of the dead letters under `filter`, with what more there is to say.
fn address(
    filter: &LetterFilter,
    more: impl IntoIterator<Item = (&'static str, String)>,
) -> String {
    ui::address("/dead-letters", filter.pairs().into_iter().chain(more))
}
