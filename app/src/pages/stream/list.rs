//! The list, kept current by the stream.

use std::cmp::Reverse;

use leptos::{html, prelude::*};

use super::{
    address,
    empty::Empty,
    feed::keep_current,
    kept::{Kept, Left},
    pill::Pill,
    row::EventRow,
    rows::{MOST, Rows},
    window::{Sight, WHOLE},
};
use crate::{
    api::list_events,
    model::{EventFilter, EventItem, Page},
    ui::{Notice, Notices, ReplayForm, sorted::Sorted},
};

/// Nearer to the top than this, new rows may come in under the reader's eyes.
const TOP: i32 = 24;
/// How many rows are added at once.
const MORE: u32 = 500;

#[component]
pub fn EventList(
    filter: EventFilter,
    page: Page<EventItem>,
    follow: RwSignal<bool>,
    folded: RwSignal<u64>,
) -> AnyView {
    let list = NodeRef::<html::Div>::new();
    let kept = expect_context::<Kept>();
    let left = kept.come_back(&filter);
    let seen = left.as_ref().map(|left| left.sight).unwrap_or_default();
    let (sight, at_top) = (RwSignal::new(seen), RwSignal::new(seen.top < TOP));
    let newest = filter.cursor.is_none();
    let hold = Signal::derive(move || !follow.get() || !at_top.get());
    let rows = RwSignal::new(match left {
        Some(left) => {
            follow.set(left.follow);
            left.rows.brought_up(page, &filter, hold.get_untracked())
        }
        None => Rows::of(page),
    });
    // What another list left out says nothing about this one.
    folded.set(0);
    keep_current(filter.clone(), rows, hold, folded);
    keep(kept, filter.clone(), rows, follow, sight);

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
    let older = older(&filter, rows);
    // Until the list is where it was left, where it is says nothing.
    let placed = StoredValue::new(seen.top == 0);
    let look = move || {
        let Some(list) = list.get_untracked().filter(|_| placed.get_value()) else { return };
        let seen =
            Sight { top: list.scroll_top(), height: list.client_height(), row: row_height(&list) };
        at_top.set(seen.top < TOP);
        sight.set(seen);
        if seen.nears_end(list.scroll_height()) {
            older.load();
        }
    };
    Effect::new(move |_| {
        if !placed.get_value() {
            request_animation_frame(move || {
                // The reader may have moved on meanwhile.
                if let Some(list) = list.try_get_untracked().flatten() {
                    list.set_scroll_top(seen.top);
                    placed.set_value(true);
                    look();
                }
            });
        }
    });
    let resized = window_event_listener(leptos::ev::resize, move |_| look());
    on_cleanup(move || resized.remove());
    let is_long = Memo::new(move |_| rows.with(Rows::len) > WHOLE);
    Effect::new(move |_| {
        if is_long.get() {
            look();
        }
    });
    let is_empty = Memo::new(move |_| rows.with(Rows::is_empty));
    let empty_filter = filter.clone();
    view! {
        <div class="list" node_ref=list on:scroll=move |_| look()>
            <ReplayForm />
            <Table rows sight at_top />
            {move || is_empty.get().then(|| view! { <Empty filter=empty_filter.clone() /> })}
            <Footer filter rows newest older />
        </div>
        <Pill rows reveal />
    }
    .into_any()
}

/// Keeps the list when its reader leaves it. From the server nobody goes anywhere.
fn keep(
    kept: Kept,
    filter: EventFilter,
    rows: RwSignal<Rows>,
    follow: RwSignal<bool>,
    sight: RwSignal<Sight>,
) {
    if cfg!(feature = "ssr") {
        return;
    }
    on_cleanup(move || {
        let left =
            (rows.try_get_untracked(), follow.try_get_untracked(), sight.try_get_untracked());
        if let (Some(rows), Some(follow), Some(sight)) = left {
            kept.leave(Left { filter, rows, follow, sight });
        }
    });
}

#[component]
fn Table(rows: RwSignal<Rows>, sight: RwSignal<Sight>, at_top: RwSignal<bool>) -> AnyView {
    let count = Memo::new(move |_| rows.with(Rows::len));
    let range = Memo::new(move |_| sight.get().rows(count.get()));
    let above = move || range.get().start;
    let below = move || count.get().saturating_sub(range.get().end);
    let page = Owner::current().unwrap_or_default();
    let view_row = move |row| view! { <EventRow row rows at_top /> }.into_any();
    view! {
        // The heading is a row too.
        <table class="events" aria-rowcount=move || (count.get() > WHOLE).then(|| count.get() + 1)>
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
            {move || gap(above(), sight)}
            <tbody>
                {move || {
                    let some = rows.with(|rows| rows.some(range.get()));
                    // The newest first.
                    Sorted::new(some, |row| Reverse(row.seq), page.clone(), view_row)
                }}
            </tbody>
            {move || gap(below(), sight)}
        </table>
    }
    .into_any()
}

/// Where rows are that nobody sees.
fn gap(rows: usize, sight: RwSignal<Sight>) -> Option<AnyView> {
    (rows > 0).then(|| {
        let height = rows * usize::try_from(sight.get().row).unwrap_or(0);
        let height = format!("{height}px");
        view! {
            <tbody class="gap" aria-hidden="true">
                <tr>
                    <td colspan="6" style:height=height></td>
                </tr>
            </tbody>
        }
        .into_any()
    })
}

#[cfg(feature = "hydrate")]
fn row_height(list: &web_sys::Element) -> i32 {
    use wasm_bindgen::JsCast;
    let row = list.query_selector("tr[data-event-id]").ok().flatten();
    row.and_then(|row| row.dyn_into::<web_sys::HtmlElement>().ok())
        .map_or(0, |row| row.offset_height())
}

#[cfg(not(feature = "hydrate"))]
fn row_height<T>(_: &T) -> i32 {
    0
}

#[component]
fn Footer(filter: EventFilter, rows: RwSignal<Rows>, newest: bool, older: Older) -> AnyView {
    let cursor = Memo::new(move |_| rows.with(|rows| rows.next_cursor.clone()));
    let back = (!newest).then(|| address(&filter.newest()));
    view! {
        <div class="more-bar">
            {back.map(|href| view! { <a href=href>"Newest events"</a> })}
            {move || {
                let href = cursor.get().map(|cursor| address(&filter.older(cursor)));
                href.map(|href| view! { <OlderLink href older /> })
            }}
        </div>
    }
    .into_any()
}

/// Adds the next page below, as long as the list is not at its longest.
#[derive(Clone, Copy)]
struct Older {
    rows: RwSignal<Rows>,
    fetch: Action<String, ()>,
}

fn older(filter: &EventFilter, rows: RwSignal<Rows>) -> Older {
    let notices = expect_context::<Notices>();
    let filter = filter.clone();
    let fetch = Action::new(move |cursor: &String| {
        let page = list_events(EventFilter { limit: Some(MORE), ..filter.older(cursor.clone()) });
        async move {
            match page.await {
                Ok(page) => rows.update(|rows| rows.append(page)),
                Err(error) => notices.show(Notice::failed(&error)),
            }
        }
    });
    Older { rows, fetch }
}

impl Older {
    /// Says whether there is room for more; then it comes, or is on its way already.
    fn load(self) -> bool {
        let (count, cursor) =
            self.rows.with_untracked(|rows| (rows.len(), rows.next_cursor.clone()));
        let fits = count < MOST;
        if let Some(cursor) = cursor.filter(|_| fits && !self.fetch.pending().get_untracked()) {
            self.fetch.dispatch(cursor);
        }
        fits
    }
}

/// Loads the next page, or goes to it when the list is long enough.
#[component]
fn OlderLink(href: String, older: Older) -> AnyView {
    let load = move |event: leptos::ev::MouseEvent| {
        if older.load() {
            event.prevent_default();
        }
    };
    let pending = older.fetch.pending();
    view! {
        <a class="btn" href=href on:click=load aria-busy=move || pending.get().to_string()>
            "Load older"
        </a>
    }
    .into_any()
}
