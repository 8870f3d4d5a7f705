//! One event: what came, what became of it, and what can be done.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use crate::{
    api::get_event,
    live::Live,
    ui::{Actions, Header, Problem},
};

pub mod detail;

use detail::Detail;

#[component]
pub fn EventPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")).unwrap_or_default());
    let query = Signal::derive(move || format!("q={}", id.get()));
    let changed = expect_context::<Live>().hints(query);
    let done = expect_context::<Actions>().done;
    let event =
        Resource::new(move || (id.get(), changed.get(), done.get()), |(id, ..)| get_event(id));
    view! {
        <Header title="Event" />
        <Transition>
            {move || Suspend::new(async move {
                match event.await {
                    Ok(event) => view! { <Detail event /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Transition>
    }
}
