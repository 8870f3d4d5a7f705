//! The list, kept current by the stream.

use leptos::{html, prelude::*, task::spawn_local};

use super::{
    address,
    empty::Empty,
    row::EventRow,
    rows::{MOST, Rows},
};
use crate::{
    api::list_events,
    live::{Live, Message, Pace},
    model::{EventFilter, EventItem, Page},
    ui::{Notice, Notices},
};

/// Nearer to the top than this, new rows may come in under the reader's eyes.
const TOP: i32 = 24;

#[component]
pub fn EventList(filter: EventFilter, page: Page<EventItem>, follow: RwSignal<bool>) -> AnyView {
    let list = NodeRef::<html::Div>::new();
    let at_top = RwSignal::new(true);
    let newest = filter.cursor.is_none();
    let rows = RwSignal::new(Rows::of(page));
    keep_current(filter.clone(), rows, Signal::derive(move || !follow.get() || !at_top.get()));

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

/// Applies what the stream says, and fetches what it missed.
fn keep_current(filter: EventFilter, rows: RwSignal<Rows>, hold: Signal<bool>) {
    let newest = filter.cursor.is_none();
    // The status is checked here, not by the stream: a row that leaves it must still change.
    let query = EventFilter { status: None, ..filter.newest() };
    let query = address(&query).trim_start_matches(['/', '?']).to_owned();
    let filter = StoredValue::new(filter);
    let missed = Pace::new(move || catch_up(filter, rows, hold));
    expect_context::<Live>().watch(Signal::stored(query), move |messages| {
        let hold = hold.get_untracked();
        let mut behind = false;
        rows.update(|rows| {
            for message in messages {
                match message {
                    Message::Event(item) if newest => {
                        filter.with_value(|filter| rows.take(item, filter, hold));
                    }
                    Message::Event(item) => rows.change(item),
                    Message::Resync | Message::Folded(_) => behind = newest,
                }
            }
        });
        if behind {
            missed.call();
        }
    });
}

fn catch_up(filter: StoredValue<EventFilter>, rows: RwSignal<Rows>, hold: Signal<bool>) {
    let round = rows.with_untracked(|rows| rows.round);
    let newest = filter.with_value(EventFilter::newest);
    spawn_local(async move {
        // A failure shows as a lost connection soon enough, and that fetches again.
        let Ok(page) = list_events(newest).await else { return };
        // The reader may have moved on meanwhile.
        let (Some(filter), Some(hold)) = (filter.try_get_value(), hold.try_get_untracked()) else {
            return;
        };
        rows.try_update(|rows| rows.catch_up(page, round, &filter, hold));
    });
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

#[component]
fn Pill(rows: RwSignal<Rows>, reveal: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let held = Memo::new(move |_| rows.with(Rows::held_count));
    let key = window_event_listener(leptos::ev::keydown, move |event| {
        let plain = !event.ctrl_key() && !event.meta_key() && !event.alt_key();
        if plain && event.key() == "g" && !in_field(&event) && held.get_untracked() > 0 {
            reveal();
        }
    });
    on_cleanup(move || key.remove());
    move || {
        (held.get() > 0).then(|| {
            view! {
                <button type="button" class="pill" on:click=move |_| reveal()>
                    {move || match held.get() {
                        1 => "1 new event".to_owned(),
                        count => format!("{count} new events"),
                    }}
                    <kbd aria-hidden="true">"G"</kbd>
                </button>
            }
        })
    }
}

fn in_field(event: &leptos::ev::KeyboardEvent) -> bool {
    let target: web_sys::HtmlElement = event_target(event);
    matches!(target.tag_name().as_str(), "INPUT" | "SELECT" | "TEXTAREA")
}
