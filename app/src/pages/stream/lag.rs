//! How far a search has come, while the index is behind what has come in.

use leptos::prelude::*;

use crate::{
    live::{Live, Pace},
    model::SearchProgress,
    ui::Moment,
};

/// Asks for the page again, by `again`, once nothing is missing.
#[component]
pub fn Lag(progress: SearchProgress, again: RwSignal<u32>) -> AnyView {
    let SearchProgress { behind, indexed_to } = progress;
    if behind == 0 {
        return ().into_any();
    }
    let stats = expect_context::<Live>().stats;
    let left = move || stats.with(|stats| stats.map_or(behind, |stats| stats.search_behind));
    let ask = Pace::new(move || {
        again.try_update(|again| *again += 1);
    });
    Effect::new(move |_| {
        if left() == 0 {
            ask.call();
        }
    });
    // Whether something is missing is worth an interruption, each step on the way is not.
    let missing = Memo::new(move |_| left() > 0);
    let until = indexed_to.map(|at| view! { "Indexed up to " <Moment at /> ". " });
    view! {
        <p class="lag">
            {until}
            {move || match left() {
                1 => "1 newer event is not searched yet.".to_owned(),
                left => format!("{left} newer events are not searched yet."),
            }}
        </p>
        <span class="unseen" role="status">
            {move || match missing.get() {
                true => "Some newer events are not searched yet.",
                false => "Every event is searched.",
            }}
        </span>
    }
    .into_any()
}
