//! One source: its address, how its provider is set up, and its secrets.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::shown_once::ShownOnce;
use crate::{
    api::get_source,
    live::Live,
    ui::{Actions, Fetched, Header},
};

pub mod detail;
pub mod latest;
pub mod secrets;

use detail::Detail;

#[component]
pub fn SourcePage() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let name = Memo::new(move |_| params.with(|params| params.get("name")).unwrap_or_default());
    let made = Memo::new(move |_| query.with(|query| query.get("made")));
    let live = expect_context::<Live>();
    let arrived = live.hints(Signal::derive(move || format!("source={}", name.get())));
    let held = Memo::new(move |_| live.stats.get().map(|stats| stats.quarantined));
    let done = expect_context::<Actions>().done;
    let source = Resource::new(
        move || (name.get(), made.get(), arrived.get(), held.get(), done.get()),
        |(name, ..)| get_source(name),
    );
    let back = Signal::derive(move || format!("/sources/{}", name.get()));
    view! {
        <Header title="Source" />
        <div class="scroll">
            <ShownOnce
                made
                title="Its new secret"
                note="Copy it now and give it to the provider: Sluice keeps it encrypted and shows it no more."
                back
            />
            <Fetched from=source let:detail>
                <Detail detail />
            </Fetched>
        </div>
    }
}
