//! One event: what came, what became of it, and what can be done.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use crate::{
    api::{DeleteEvent, get_event},
    live::Live,
    model::Neighbours,
    ui::{Actions, Fetched, Header, Notice, json::payload::Reading, tell},
};

pub mod changes;
pub mod delete;
pub mod detail;
pub mod history;
pub mod hold;
pub mod why;

use detail::Detail;
use hold::Holds;

#[component]
pub fn EventPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")).unwrap_or_default());
    // What is read on stays as it is when the event moves meanwhile; of another event it begins anew.
    provide_context(Memo::new(move |_| {
        id.track();
        Reading::default()
    }));
    let query = Signal::derive(move || format!("q={}", id.get()));
    let changed = expect_context::<Live>().hints(query);
    let done = expect_context::<Actions>().done;
    let found =
        Resource::new(move || (id.get(), changed.get(), done.get()), |(id, ..)| get_event(id));
    // The page's own: what is below is drawn anew whenever the event changes.
    let delete = ServerAction::<DeleteEvent>::new();
    tell(delete, |()| Notice::done("The event is deleted.").carried());
    Holds::provide();
    let beside = move || found.with(|found| Some(found.as_ref()?.as_ref().ok()?.beside.clone()));
    view! {
        <Header title="Event">
            <Transition>{move || beside().map(|beside| view! { <Beside beside /> })}</Transition>
        </Header>
        <Fetched from=found let:found>
            <Detail found delete />
        </Fetched>
    }
}

/// The ways to the events beside this one.
#[component]
fn Beside(beside: Neighbours) -> AnyView {
    let way = |id: Option<String>, label: &'static str, key: &'static str| match id {
        Some(id) => view! {
            <a class="btn" href=format!("/events/{id}") data-key=key title=format!("Key {key}")>
                {label}
            </a>
        }
        .into_any(),
        None => view! { <span class="btn off" aria-disabled="true">{label}</span> }.into_any(),
    };
    view! {
        <nav class="beside" aria-label="Events beside this one">
            {way(beside.newer, "Newer", "k")} {way(beside.older, "Older", "j")}
        </nav>
    }
    .into_any()
}
