//! Keeps the list current: applies what the stream says, and fetches what it missed.

use leptos::{prelude::*, task::spawn_local};

use super::{address, rows::Rows};
use crate::{
    api::list_events,
    live::{Live, Message, Pace},
    model::EventFilter,
};

/// A list that begins at a cursor is a look back: its rows change, but nothing comes in.
pub fn keep_current(
    filter: EventFilter,
    rows: RwSignal<Rows>,
    hold: Signal<bool>,
    folded: RwSignal<u64>,
) {
    let newest = filter.cursor.is_none();
    let query = address(&filter.of_the_stream()).trim_start_matches(['/', '?']).to_owned();
    let filter = StoredValue::new(filter);
    let missed = Pace::new(move || catch_up(filter, rows, hold));
    expect_context::<Live>().watch(Signal::stored(query), move |messages| {
        let hold = hold.get_untracked();
        let mut behind = false;
        rows.update(|rows| {
            for message in messages {
                match message {
                    Message::Event(item) if newest => {
                        filter.with_value(|filter| rows.take(*item, filter, hold));
                    }
                    Message::Event(item) => rows.change(*item),
                    Message::Resync | Message::Folded(_) if !newest => {}
                    // It asks for none.
                    Message::Run => {}
                    Message::Resync => behind = true,
                    Message::Folded(count) => {
                        behind = true;
                        folded.update(|folded| *folded += count);
                    }
                }
                if behind {
                    rows.miss();
                }
            }
        });
        if behind {
            missed.call();
        }
    });
}

fn catch_up(filter: StoredValue<EventFilter>, rows: RwSignal<Rows>, hold: Signal<bool>) {
    let Some(asked) = rows.try_update_untracked(Rows::asking) else { return };
    let newest = filter.with_value(EventFilter::newest);
    spawn_local(async move {
        let page = list_events(newest).await;
        // The reader may have moved on meanwhile.
        let (Some(filter), Some(hold)) = (filter.try_get_value(), hold.try_get_untracked()) else {
            return;
        };
        rows.try_update(|rows| match page {
            Ok(page) => rows.catch_up(page, asked, &filter, hold),
            // It shows as a lost connection soon enough, and that fetches again.
            Err(_) => rows.still_missing(asked),
        });
    });
}
