//! The stream of events: the newest first, pushed as they come.

use futures::future::join;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    ApiError,
    api::{get_search_progress, list_event_types, list_events},
    model::{EventFilter, EventItem, Page, SearchProgress},
    ui::{self, Fetched, Header, found_by},
};

pub mod empty;
pub mod feed;
pub mod filter_bar;
pub mod kept;
pub mod lag;
pub mod list;
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
    let found =
        Resource::new(move || (filter.get(), again.get()), |(filter, _)| found_by(filter, find));
    let types = Resource::new(|| (), |()| list_event_types());
    view! {
        <Header title="Stream" />
        <FilterBar filter follow folded types />
        <Fetched from=found let:found>
            <Lag progress=found.1.0 again />
            <EventList filter=found.0 page=found.1.1 follow folded />
        </Fetched>
    }
}

/// The events, and how far a search for them has come.
async fn find(filter: EventFilter) -> Result<(SearchProgress, Page<EventItem>), ApiError> {
    let searched = filter.search.is_some();
    let progress = async {
        match searched {
            true => get_search_progress().await.unwrap_or_default(),
            false => SearchProgress::default(),
        }
    };
    let (progress, page) = join(progress, list_events(filter)).await;
    page.map(|page| (progress, page))
}

/// The address of the stream under `filter`.
fn address(filter: &EventFilter) -> String {
    ui::address("/", filter.pairs())
}
