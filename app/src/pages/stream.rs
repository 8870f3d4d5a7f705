//! The stream of events: the newest first, pushed as they come.

use futures::future::join;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::{get_search_progress, list_event_types, list_events},
    model::{EventFilter, SearchProgress},
    ui::{self, Fetched, Header},
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
    let found = Resource::new(
        move || (filter.get(), again.get()),
        |(filter, _)| async move {
            let progress = async {
                match filter.search.is_some() {
                    true => get_search_progress().await.unwrap_or_default(),
                    false => SearchProgress::default(),
                }
            };
            let (progress, page) = join(progress, list_events(filter.clone())).await;
            page.map(|page| (progress, page))
        },
    );
    let types = Resource::new(|| (), |()| list_event_types());
    view! {
        <Header title="Stream" />
        <FilterBar filter follow folded types />
        <Fetched from=found let:found>
            <Lag progress=found.0 again />
            <EventList filter=filter.get_untracked() page=found.1 follow folded />
        </Fetched>
    }
}

/// The address of the stream under `filter`.
fn address(filter: &EventFilter) -> String {
    ui::address("/", filter.pairs())
}
