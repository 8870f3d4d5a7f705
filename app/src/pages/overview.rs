//! How things are going: the figures of a period, its course, and who takes part.

use std::time::Duration;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::get_overview,
    live::{Live, Pace},
    model::{
        Counts,
        overview::{Overview, RANGES},
    },
    ui::{Fetched, Header},
};

pub mod cards;
pub mod charts;
pub mod tables;

use cards::Cards;
use charts::Charts;
use tables::Tables;

/// For how long the server gives the same figures.
const FRESH: Duration = Duration::from_millis(2_200);

#[component]
pub fn OverviewPage() -> impl IntoView {
    let query = use_query_map();
    let range = Memo::new(move |_| {
        let asked = query.with(|query| query.get("range")).unwrap_or_default();
        let known = RANGES.iter().find(|(range, _)| *range == asked);
        known.map_or("24h", |(range, _)| range)
    });
    let changed = changes();
    let overview = Resource::new(
        move || (range.get(), changed.get()),
        |(range, _)| get_overview(range.to_owned()),
    );
    view! {
        <Header title="Overview" />
        <Ranges range />
        <div class="scroll">
            <Fetched from=overview let:overview>
                <Figures overview />
            </Fetched>
        </div>
    }
}

/// Grows when the stream's numbers say that something has happened.
fn changes() -> RwSignal<u32> {
    let live = expect_context::<Live>();
    let changed = RwSignal::new(0_u32);
    let pace = Pace::new(move || {
        changed.try_update(|count| *count += 1);
    });
    let counts = Memo::new(move |_| live.stats.get().map(|stats| stats.counts));
    Effect::new(move |before: Option<Option<Counts>>| {
        let now = counts.get();
        if before.is_some_and(|before| before != now) {
            pace.call();
            // The server's figures may be as old as this.
            set_timeout(move || pace.call(), FRESH);
        }
        now
    });
    changed
}

#[component]
fn Ranges(range: Memo<&'static str>) -> AnyView {
    let links = RANGES.map(|(value, name)| {
        let here = move || (range.get() == value).then_some("true");
        view! {
            <a
                class="chip"
                class:on=move || range.get() == value
                aria-current=here
                href=format!("/overview?range={value}")
            >
                {name}
            </a>
        }
    });
    view! {
        <nav class="bar" aria-label="Period">
            {links}
        </nav>
    }
    .into_any()
}

#[component]
fn Figures(overview: Overview) -> AnyView {
    view! {
        <Cards overview=overview.clone() />
        <Charts overview=overview.clone() />
        <Tables overview />
    }
    .into_any()
}
