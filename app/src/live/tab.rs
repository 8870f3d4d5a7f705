//! The browser's end of the stream: one `EventSource` for the tab.
//!
//! The browser itself reconnects with `Last-Event-ID`; a timer opens a new one when it gave up,
//! and then, as after any first opening, what lies between is fetched. A tab that nobody looks
//! at lets go of its connection, because browsers allow few to one host.

use std::{cell::RefCell, rc::Rc, time::Duration};

use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Event, EventSource, MessageEvent};

use super::{Connection, Live, Message, NUMBERS_ONLY, backoff};
use crate::{ApiError, api::get_session, model::Stats};

/// More than this between two frames is cheaper to fetch than to apply.
const BUFFER: usize = 2_000;
/// What takes longer than this to be shown keeps the reader waiting: the tab rests for as long as it was too
/// long, and what comes meanwhile is shown together. In milliseconds.
const LONG: f64 = 50.0;
const LONGEST_REST: f64 = 250.0;
const HIDDEN: Duration = Duration::from_secs(30);
/// About a minute.
const RATES: usize = 60;

type Handler = Rc<dyn Fn(Vec<Message>)>;

#[derive(Default)]
struct Tab {
    live: Option<Live>,
    query: String,
    handler: Option<(u64, Handler)>,
    watches: u64,
    source: Option<Source>,
    failures: u32,
    buffer: Vec<Message>,
    /// A frame is on its way, or the tab rests after one.
    busy: bool,
    timer: Option<TimeoutHandle>,
    hidden_timer: Option<TimeoutHandle>,
}

thread_local! {
    static TAB: RefCell<Tab> = RefCell::default();
}

fn with<T>(change: impl FnOnce(&mut Tab) -> T) -> T {
    TAB.with_borrow_mut(change)
}

pub(super) fn next_watch() -> u64 {
    with(|tab| {
        tab.watches += 1;
        tab.watches
    })
}

pub(super) fn start(live: Live) {
    let first = with(|tab| {
        if tab.query.is_empty() {
            tab.query = NUMBERS_ONLY.to_owned();
        }
        tab.live.replace(live).is_none()
    });
    // Pages name their events while they hydrate; the last word is in by the next task.
    open_after(Duration::ZERO);
    if first {
        // The listeners live as long as the tab: their handles may go.
        for name in ["online", "offline"] {
            let _ = window_event_listener_untyped(name, |_| network_changed());
        }
        let _ = window_event_listener_untyped("visibilitychange", |_| visibility_changed());
    }
}

impl Tab {
    /// Says whether that is something else than before. Then nobody hears any more what the stream of before
    /// has said, or would say until there is a new one.
    fn ask(&mut self, query: String) -> bool {
        let moved = self.query != query;
        if moved {
            self.query = query;
            self.source = None;
            self.buffer.clear();
        }
        moved
    }
}

pub(super) fn point(watch: u64, query: String, handle: impl Fn(Vec<Message>) + 'static) {
    let moved = with(|tab| {
        tab.handler = Some((watch, Rc::new(handle)));
        tab.ask(query)
    });
    if moved {
        open_after(Duration::ZERO);
    }
}

/// A page that has been replaced already must not silence its successor.
pub(super) fn release(watch: u64) {
    let released = with(|tab| {
        let current = tab.handler.as_ref().is_some_and(|(holder, _)| *holder == watch);
        if current {
            tab.handler = None;
            tab.ask(NUMBERS_ONLY.to_owned());
        }
        current
    });
    if released {
        open_after(Duration::ZERO);
    }
}

fn open_after(delay: Duration) {
    let timer = set_timeout_with_handle(open, delay).ok();
    if let Some(earlier) = with(|tab| std::mem::replace(&mut tab.timer, timer)) {
        earlier.clear();
    }
}

fn open() {
    let url = with(|tab| {
        tab.timer = None;
        tab.source = None;
        format!("/api/v1/stream?{}", tab.query)
    });
    let source = Source::open(&url);
    with(|tab| tab.source = source);
}

fn close() {
    with(|tab| {
        tab.source = None;
        tab.timer.take()
    })
    .inspect(TimeoutHandle::clear);
}

fn online() -> bool {
    window().navigator().on_line()
}

fn show(connection: Connection) {
    if let Some(live) = with(|tab| tab.live)
        && live.connection.get_untracked() != connection
    {
        live.connection.set(connection);
    }
}

fn opened(first: bool) {
    with(|tab| tab.failures = 0);
    show(Connection::Live);
    if first {
        receive(Message::Resync);
    }
}

fn failed(source: &EventSource) {
    let failures = with(|tab| {
        tab.failures += 1;
        tab.failures
    });
    show(backoff::state(failures, online()));
    if source.ready_state() == EventSource::CLOSED {
        open_after(backoff::delay(failures));
        spawn_local(ask_who());
    }
}

/// An `EventSource` does not tell why it was refused; a server function does.
async fn ask_who() {
    let signed_out = matches!(get_session().await, Err(ApiError::SignedOut));
    if let Some(live) = with(|tab| tab.live)
        && live.signed_out.get_untracked() != signed_out
    {
        live.signed_out.set(signed_out);
    }
}

fn network_changed() {
    if online() {
        open_after(Duration::ZERO);
    } else {
        show(Connection::Offline);
    }
}

fn visibility_changed() {
    let hidden = document().hidden();
    if let Some(timer) = with(|tab| tab.hidden_timer.take()) {
        timer.clear();
    }
    if hidden {
        let timer = set_timeout_with_handle(close, HIDDEN).ok();
        with(|tab| tab.hidden_timer = timer);
    } else if with(|tab| tab.source.is_none() && tab.timer.is_none()) {
        open_after(Duration::ZERO);
    }
}

fn receive(message: Message) {
    let free = with(|tab| {
        if tab.buffer.len() < BUFFER {
            tab.buffer.push(message);
        } else {
            tab.buffer = vec![Message::Resync];
        }
        !std::mem::replace(&mut tab.busy, true)
    });
    if free {
        request_animation_frame(deliver);
    }
}

fn deliver() {
    let began = js_sys::Date::now();
    let (handler, messages) = with(|tab| {
        let handler = tab.handler.as_ref().map(|(_, handler)| Rc::clone(handler));
        (handler, std::mem::take(&mut tab.buffer))
    });
    if let Some(handler) = handler {
        handler(messages);
    }
    // A task that is due at once comes after what the frame before it has to lay out and to paint.
    set_timeout(move || rest(began), Duration::ZERO);
}

fn rest(began: f64) {
    let too_long = (js_sys::Date::now() - began - LONG).clamp(0.0, LONGEST_REST);
    if too_long > 0.0 {
        set_timeout(rested, Duration::from_secs_f64(too_long / 1_000.0));
    } else {
        rested();
    }
}

fn rested() {
    let more = with(|tab| {
        tab.busy = !tab.buffer.is_empty();
        tab.busy
    });
    if more {
        request_animation_frame(deliver);
    }
}

fn show_stats(data: &str) {
    let (live, stats) = (with(|tab| tab.live), serde_json::from_str::<Stats>(data));
    if let (Some(live), Ok(stats)) = (live, stats) {
        live.stats.set(Some(stats));
        live.rates.update(|rates| {
            if rates.len() >= RATES {
                rates.remove(0);
            }
            rates.push(stats.events_per_second);
        });
    }
}

fn show_bulk(data: &str) {
    if let (Some(live), Ok(bulk)) = (with(|tab| tab.live), serde_json::from_str(data)) {
        live.bulk.set(Some(bulk));
    }
}

fn folded(data: &str) {
    #[derive(serde::Deserialize)]
    struct Folded {
        count: u64,
    }
    if let Ok(Folded { count }) = serde_json::from_str(data) {
        receive(Message::Folded(count));
    }
}

/// Closes when dropped.
struct Source {
    source: EventSource,
    _listeners: Vec<Closure<dyn FnMut(Event)>>,
}

impl Source {
    fn open(url: &str) -> Option<Self> {
        let source = EventSource::new(url).ok()?;
        let mut first = true;
        let failing = source.clone();
        let listeners = vec![
            listen(&source, "open", move |_| opened(std::mem::take(&mut first))),
            listen(&source, "error", move |_| failed(&failing)),
            listen(&source, "stats", |event| data(&event, show_stats)),
            listen(&source, "bulk", |event| data(&event, show_bulk)),
            listen(&source, "run", |_| receive(Message::Run)),
            listen(&source, "resync", |_| receive(Message::Resync)),
            listen(&source, "folded", |event| data(&event, folded)),
            listen(&source, "event", |event| {
                data(&event, |text| {
                    if let Ok(item) = serde_json::from_str(text) {
                        receive(Message::Event(Box::new(item)));
                    }
                });
            }),
        ];
        Some(Self { source, _listeners: listeners })
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.source.close();
    }
}

fn data(event: &Event, read: impl FnOnce(&str)) {
    let message = event.dyn_ref::<MessageEvent>();
    if let Some(text) = message.and_then(|message| message.data().as_string()) {
        read(&text);
    }
}

fn listen(
    source: &EventSource,
    name: &str,
    handle: impl FnMut(Event) + 'static,
) -> Closure<dyn FnMut(Event)> {
    let closure = Closure::<dyn FnMut(Event)>::new(handle);
    // Fails only for listeners that are no functions.
    let _ = source.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
    closure
}
