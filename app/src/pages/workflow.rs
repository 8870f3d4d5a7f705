//! One workflow: what it does, its versions with what each changed, and its latest runs.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::{
    api::get_workflow,
    ui::{Actions, Fetched, Header},
};

pub mod detail;
pub mod switch;
pub mod versions;

use detail::Detail;
use switch::switching;

#[component]
pub fn WorkflowPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")).unwrap_or_default());
    let query = use_query_map();
    let asked = move |name: &str| query.with(|query| query.get(name));
    let version = Memo::new(move |_| asked("version").and_then(|version| version.parse().ok()));
    let before = Memo::new(move |_| asked("before"));
    let done = expect_context::<Actions>().done;
    let switch = switching();
    let detail = Resource::new(
        move || (id.get(), version.get(), before.get(), done.get()),
        |(id, version, before, _)| get_workflow(id, version, before),
    );
    view! {
        <Header title="Workflow" />
        <Fetched from=detail let:detail>
            <Detail detail switch />
        </Fetched>
    }
}
