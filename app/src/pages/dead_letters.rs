//! Events that failed for good, what they failed for, and what can still be done for them, one by one
//! or for many at once.
//!
//! What is asked is in the address: which letters, and with `plan` what is to be done to which of them.
//! So the way to an operation is the same with and without a script.

use std::collections::BTreeSet;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::list_dead_letters,
    live::Live,
    model::{DeadLetters, LetterFilter},
    ui::{self, Actions, Fetched, Header},
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
use operation::Operations;
use plan::{Asked, PlanPanel};
use selection::SelectionBar;

/// Which letters are ticked. It outlives the list, which is fetched again when something changes.
type Chosen = RwSignal<BTreeSet<String>>;

#[component]
pub fn DeadLettersPage() -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| query.with(|query| LetterFilter::read(|name| query.get(name))));
    let asked = Memo::new(move |_| query.with(Asked::read));
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
        |(filter, ..)| list_dead_letters(filter),
    );
    let (chosen, every) = (Chosen::default(), RwSignal::new(false));
    // All that match is another thing under another filter.
    Effect::new(move |_| {
        filter.track();
        every.set(false);
    });
    let doing = operation::Doing::provide();
    view! {
        <Header title="Dead letters" />
        <div class="scroll">
            {move || asked.get().map(|asked| view! { <PlanPanel asked doing /> })}
            <Fetched from=letters let:letters>
                <Letters letters filter=filter.get_untracked() chosen every doing />
            </Fetched>
        </div>
    }
}

#[component]
fn Letters(
    letters: DeadLetters,
    filter: LetterFilter,
    chosen: Chosen,
    every: RwSignal<bool>,
    doing: operation::Doing,
) -> AnyView {
    let DeadLetters { letters, matching, groups, operations } = letters;
    let empty = letters.items.is_empty();
    if empty && !filter.narrows() {
        return view! {
            <Operations operations doing />
            <section class="empty">
                <h2>"No dead letters"</h2>
                <p>
                    "Every event reached its end. An event comes here when a workflow run has used up \
                     its retries; nothing is lost, and it can be retried from here."
                </p>
            </section>
        }
        .into_any();
    }
    let ids: Vec<_> = letters.items.iter().map(|letter| letter.id.clone()).collect();
    let rows: Vec<_> =
        letters.items.into_iter().map(|letter| view! { <Letter letter chosen /> }).collect();
    let older = letters.next_cursor.map(|cursor| {
        let href = address(&filter, Some(("cursor", cursor)));
        view! {
            <a class="btn" href=href>
                "Load older"
            </a>
        }
    });
    view! {
        <Operations operations doing />
        <Groups groups chosen=filter.group.clone() />
        <FilterBar filter=filter.clone() />
        {if empty {
            view! { <NoMatch /> }.into_any()
        } else {
            view! {
                <SelectionBar ids matching filter chosen every />
                <ul class="letters" aria-label="Dead letters">
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
            <h2>"No dead letter matches"</h2>
            <p>"None of the events that failed fits these filters."</p>
            <a class="btn" href="/dead-letters">
                "Show all"
            </a>
        </section>
    }
}

/// The address of the dead letters under `filter`, with one thing more.
fn address(filter: &LetterFilter, more: Option<(&'static str, String)>) -> String {
    ui::address("/dead-letters", filter.pairs().into_iter().chain(more))
}
