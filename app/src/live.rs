//! What the server pushes: one event stream for each tab, shared by everything on the page.
//!
//! A page says which events it wants and what to do with them; the frame reads the connection
//! and the numbers. On the server all of this is still, so the first render is the same on both
//! sides. Invariant: whoever watches hears of everything that matches, or hears
//! [`Message::Resync`] and fetches again.

use leptos::prelude::*;

use crate::model::{BulkView, EventItem, Stats};

#[cfg(feature = "hydrate")]
mod backoff;
mod pace;
#[cfg(feature = "hydrate")]
mod tab;

pub use pace::Pace;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    Connecting,
    Live,
    Reconnecting,
    Offline,
}

impl Connection {
    pub fn label(self) -> &'static str {
        match self {
            Self::Connecting => "Connecting",
            Self::Live => "Live",
            Self::Reconnecting => "Reconnecting",
            Self::Offline => "Offline",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Live => "live",
            Self::Reconnecting => "reconnecting",
            Self::Offline => "offline",
        }
    }
}

#[derive(Clone, Debug)]
pub enum Message {
    /// An event arrived or changed.
    Event(Box<EventItem>),
    /// Something was missed: fetch again.
    Resync,
    /// This many events came too fast to be sent one by one.
    Folded(u64),
    /// A run began or moved.
    Run,
}

/// What a stream carries when no page asks for events.
pub const NUMBERS_ONLY: &str = "topics=stats,bulk";
/// What it carries when one does: also what a list has to take out.
const WITH_EVENTS: &str = "topics=event,stats,bulk&left=true";
/// What it carries when one shows runs by themselves.
const WITH_RUNS: &str = "topics=run,stats,bulk";

#[derive(Clone, Copy)]
pub struct Live {
    pub connection: RwSignal<Connection>,
    pub stats: RwSignal<Option<Stats>>,
    /// The operation on many events that moved last.
    pub bulk: RwSignal<Option<BulkView>>,
    /// Events per second as they were lately, the newest last.
    pub rates: RwSignal<Vec<f64>>,
    /// The stream was refused because nobody is signed in any more.
    pub signed_out: RwSignal<bool>,
}

impl Live {
    /// Provides the tab's stream to all that is below.
    pub fn provide() -> Self {
        let live = Self {
            connection: RwSignal::new(Connection::Connecting),
            stats: RwSignal::new(None),
            bulk: RwSignal::new(None),
            rates: RwSignal::default(),
            signed_out: RwSignal::new(false),
        };
        provide_context(live);
        live
    }

    /// Opens the tab's stream; only pages that need a sign-in do, or the server would refuse it.
    pub fn open(self) {
        #[cfg(feature = "hydrate")]
        Effect::new(move |_| tab::start(self));
    }

    /// Points the tab's stream at `query` for as long as the caller's owner lives. `handle` gets
    /// what has come since the last animation frame.
    pub fn watch(self, query: Signal<String>, handle: impl Fn(Vec<Message>) + Clone + 'static) {
        self.point(WITH_EVENTS, query, handle);
    }

    fn point(
        self,
        topics: &'static str,
        query: Signal<String>,
        handle: impl Fn(Vec<Message>) + Clone + 'static,
    ) {
        #[cfg(feature = "hydrate")]
        {
            let watch = tab::next_watch();
            Effect::new(move |_| {
                tab::point(watch, format!("{topics}&{}", query.get()), handle.clone())
            });
            on_cleanup(move || tab::release(watch));
        }
        #[cfg(not(feature = "hydrate"))]
        let _ = (topics, query, handle);
    }

    /// Grows when something under `query` has changed: pages that show it fetch again.
    pub fn hints(self, query: Signal<String>) -> RwSignal<u32> {
        self.hints_about(WITH_EVENTS, query)
    }

    /// The same when a run of an event under `query`, or one without an event, has begun or moved.
    pub fn hints_of_runs(self, query: Signal<String>) -> RwSignal<u32> {
        self.hints_about(WITH_RUNS, query)
    }

    fn hints_about(self, topics: &'static str, query: Signal<String>) -> RwSignal<u32> {
        let hints = RwSignal::new(0);
        let pace = Pace::new(move || {
            hints.try_update(|count| *count += 1);
        });
        self.point(topics, query, move |_| pace.call());
        hints
    }
}
