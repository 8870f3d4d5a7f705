//! Writing a workflow: as a form, as YAML, both in step, with what it would do beside them.
//!
//! The text is what is saved. The server reads it; the form works on the JSON that came of that, so what
//! the form does not know stays as it is.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::{
    api::start_editor,
    ui::{Fetched, Header},
};

pub mod backtest;
pub mod bench;
pub mod draft;
pub mod fields;
pub mod form;
pub mod items;
pub mod lens;
pub mod preview;
pub mod problems;
pub mod step;
pub mod text;

use bench::Bench;

#[component]
pub fn EditorPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")).unwrap_or_default());
    let query = use_query_map();
    let asked = move |name: &str| query.with(|query| query.get(name)).unwrap_or_default();
    let chosen = Memo::new(move |_| asked("start"));
    let kept = Memo::new(move |_| asked("kept"));
    let start = Resource::new(
        move || (id.get(), chosen.get(), kept.get()),
        |(id, chosen, kept)| start_editor(id, chosen, kept),
    );
    let title = if id.get_untracked().is_empty() { "New workflow" } else { "Edit workflow" };
    view! {
        <Header title=title />
        <div class="scroll">
            <Fetched from=start let:start>
                <Bench start />
            </Fetched>
        </div>
    }
}
