//! The stream of events: the newest first, pushed as they come.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::list_events,
    model::EventFilter,
    ui::{self, Header, Problem},
};

pub mod empty;
pub mod feed;
pub mod filter_bar;
pub mod list;
pub mod local_time;
pub mod pill;
pub mod row;
pub mod rows;

use filter_bar::FilterBar;
use list::EventList;

#[component]
pub fn StreamPage() -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| query.with(|query| EventFilter::read(|name| query.get(name))));
    let (follow, folded) = (RwSignal::new(true), RwSignal::new(0_u64));
    let page = Resource::new(move || filter.get(), list_events);
    view! {
        <Header title="Stream" />
        <FilterBar filter follow folded />
        <Transition>
            {move || Suspend::new(async move {
                match page.await {
                    Ok(page) => {
                        let filter = filter.get_untracked();
                        view! { <EventList filter page follow folded /> }.into_any()
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
