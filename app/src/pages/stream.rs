//! The stream of events: the newest first, pushed as they come.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::{get_search_progress, list_event_types, list_events},
    model::{EventFilter, SearchProgress},
    ui::{self, Header, Problem},
};

pub mod empty;
pub mod feed;
pub mod filter_bar;
pub mod lag;
pub mod list;
pub mod local_time;
pub mod pill;
pub mod row;
pub mod rows;
pub mod window;

use filter_bar::FilterBar;
use lag::Lag;
use list::EventList;

#[component]
pub fn StreamPage() -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| query.with(|query| EventFilter::read(|name| query.get(name))));
    let (follow, folded) = (RwSignal::new(true), RwSignal::new(0_u64));
    let again = RwSignal::new(0_u32);
    let page =
        Resource::new(move || (filter.get(), again.get()), |(filter, _)| list_events(filter));
    let searches = move || filter.with(|filter| filter.search.is_some());
    let progress = Resource::new(
        move || (searches(), again.get()),
        |(searches, _)| async move {
            match searches {
                true => get_search_progress().await.unwrap_or_default(),
                false => SearchProgress::default(),
            }
        },
    );
    let types = Resource::new(|| (), |()| list_event_types());
    view! {
        <Header title="Stream" />
        <FilterBar filter follow folded types />
        <Transition>
            {move || Suspend::new(async move {
                // Before the page: what comes between is in the page, and not missed.
                let progress = progress.await;
                match page.await {
                    Ok(page) => {
                        let filter = filter.get_untracked();
                        view! {
                            <Lag progress again />
                            <EventList filter page follow folded />
                        }
                        .into_any()
                    }
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// The address of the stream under `filter`.
fn address(filter: &EventFilter) -> String {
    ui::address("/", filter.pairs())
}
