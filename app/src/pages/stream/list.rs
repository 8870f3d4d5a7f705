//! The list, kept current by the stream.

use leptos::{html, prelude::*};

use super::{
    address,
    empty::Empty,
    feed::keep_current,
    pill::Pill,
    row::EventRow,
    rows::{MOST, Rows},
};
use crate::{
    api::list_events,
    model::{EventFilter, EventItem, Page},
    ui::{Notice, Notices},
};

/// Nearer to the top than this, new rows may come in under the reader's eyes.
const TOP: i32 = 24;

#[component]
pub fn EventList(
    filter: EventFilter,
    page: Page<EventItem>,
    follow: RwSignal<bool>,
    folded: RwSignal<u64>,
) -> AnyView {
    let list = NodeRef::<html::Div>::new();
    let at_top = RwSignal::new(true);
    let newest = filter.cursor.is_none();
    let rows = RwSignal::new(Rows::of(page));
    let hold = Signal::derive(move || !follow.get() || !at_top.get());
    keep_current(filter.clone(), rows, hold, folded);

    let reveal = move || {
        rows.update(Rows::reveal);
        if let Some(list) = list.get_untracked() {
            list.set_scroll_top(0);
        }
    };
    Effect::new(move |_| {
        if follow.get() && at_top.get() && rows.with_untracked(|rows| rows.held_count() > 0) {
            reveal();
        }
    });
    let scrolled = move |_| {
        if let Some(list) = list.get_untracked() {
            at_top.set(list.scroll_top() < TOP);
        }
    };
    let is_empty = Memo::new(move |_| rows.with(|rows| rows.shown.is_empty()));
    let empty_filter = filter.clone();
    view! {
        <div class="list" node_ref=list on:scroll=scrolled>
            <Table rows />
            {move || is_empty.get().then(|| view! { <Empty filter=empty_filter.clone() /> })}
            <Footer filter rows newest />
        </div>
        <Pill rows reveal />
    }
    .into_any()
}

#[component]
fn Table(rows: RwSignal<Rows>) -> AnyView {
    view! {
        <table class="events">
            <thead>
                <tr>
                    <th class="c-type">"Event type"</th>
                    <th class="c-source">"Source"</th>
                    <th class="c-status">"Status"</th>
                    <th class="c-preview">"Payload preview"</th>
                    <th class="c-time">"Received"</th>
                    <th class="c-act">"Actions"</th>
                </tr>
            </thead>
            <tbody>
                <For
                    each=move || rows.with(|rows| rows.shown.clone())
                    key=|row| row.id.clone()
                    children=|row| view! { <EventRow row /> }
                />
            </tbody>
        </table>
    }
    .into_any()
}

#[component]
fn Footer(filter: EventFilter, rows: RwSignal<Rows>, newest: bool) -> AnyView {
    let cursor = Memo::new(move |_| rows.with(|rows| rows.next_cursor.clone()));
    let back = (!newest).then(|| address(&filter.newest()));
    view! {
        <div class="more-bar">
            {back.map(|href| view! { <a href=href>"Newest events"</a> })}
            {move || {
                let filter = filter.clone();
                cursor.get().map(|cursor| view! { <Older filter=filter.older(cursor) rows /> })
            }}
        </div>
    }
    .into_any()
}

/// Adds the next page below, or goes to it when the list is long enough.
#[component]
fn Older(filter: EventFilter, rows: RwSignal<Rows>) -> impl IntoView {
    let href = address(&filter);
    let notices = expect_context::<Notices>();
    let fetch = Action::new(move |filter: &EventFilter| {
        let filter = filter.clone();
        async move {
            match list_events(filter).await {
                Ok(page) => rows.update(|rows| rows.append(page)),
                Err(error) => notices.show(Notice::failed(&error)),
            }
        }
    });
    let load = move |event: leptos::ev::MouseEvent| {
        if rows.with_untracked(|rows| rows.shown.len() < MOST) {
            event.prevent_default();
            if !fetch.pending().get_untracked() {
                fetch.dispatch(filter.clone());
            }
        }
    };
    view! {
        <a class="btn" href=href on:click=load aria-busy=move || fetch.pending().get().to_string()>
            "Load older"
        </a>
    }
}
