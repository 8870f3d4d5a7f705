//! Which page answers which address.
//!
//! Every page is rendered whole before it is sent (`SsrMode::Async`): it then works without a
//! script, and its HTTP status is known in time.

use std::{future::Future, pin::Pin};

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    ChooseView, MatchInterface, MatchNestedRoutes, RouteDefs, SsrMode,
    components::{ParentRoute, Route, Router, Routes},
    path,
};

use crate::{
    live::Live,
    pages::{NotFoundPage, stream::kept::Kept},
    ui::{Layout, time::Hydrated},
};

mod ahead;
mod page;

use page::page;

#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    Hydrated::provide();
    Live::provide();
    Kept::provide();
    ahead::fetch_ahead();
    view! {
        <Title formatter=|title: String| format!("{title} · Sluice") />
        <Router>
            <Routes fallback=NotFoundPage>
                <Pages />
            </Routes>
        </Router>
    }
}

#[component(transparent)]
fn Pages() -> impl MatchNestedRoutes + Clone + Send + 'static {
    view! {
        <ParentRoute path=path!("") view=Layout ssr=SsrMode::Async>
            <Route path=path!("") view=page!(stream: StreamPage) ssr=SsrMode::Async />
            <Route path=path!("overview") view=page!(overview: OverviewPage) ssr=SsrMode::Async />
            <Route path=path!("events/:id") view=page!(event: EventPage) ssr=SsrMode::Async />
            <Route path=path!("types") view=page!(types: TypesPage) ssr=SsrMode::Async />
            <Route
                path=path!("types/:name")
                view=page!(event_type: EventTypePage)
                ssr=SsrMode::Async
            />
            <Route
                path=path!("dead-letters")
                view=page!(dead_letters: DeadLettersPage)
                ssr=SsrMode::Async
            />
            <Route path=path!("runs") view=page!(runs: RunsPage) ssr=SsrMode::Async />
            <Route path=path!("runs/:id") view=page!(run: RunPage) ssr=SsrMode::Async />
            <Route
                path=path!("quarantine")
                view=page!(quarantine: QuarantinePage)
                ssr=SsrMode::Async
            />
            <Route
                path=path!("workflows")
                view=page!(workflows: WorkflowsPage)
                ssr=SsrMode::Async
            />
            <Route path=path!("workflows/new") view=page!(editor: EditorPage) ssr=SsrMode::Async />
            <Route
                path=path!("workflows/:id")
                view=page!(workflow: WorkflowPage)
                ssr=SsrMode::Async
            />
            <Route
                path=path!("workflows/:id/edit")
                view=page!(editor: EditorPage)
                ssr=SsrMode::Async
            />
            <Route path=path!("sources") view=page!(sources: SourcesPage) ssr=SsrMode::Async />
            <Route path=path!("sources/:name") view=page!(source: SourcePage) ssr=SsrMode::Async />
            <Route path=path!("secrets") view=page!(secrets: SecretsPage) ssr=SsrMode::Async />
            <Route path=path!("keys") view=page!(keys: KeysPage) ssr=SsrMode::Async />
            <Route path=path!("alerts") view=page!(alerts: AlertsPage) ssr=SsrMode::Async />
            <Route
                path=path!("retention")
                view=page!(retention: RetentionPage)
                ssr=SsrMode::Async
            />
            <Route path=path!("erasures") view=page!(erasures: ErasuresPage) ssr=SsrMode::Async />
            <Route path=path!("people") view=page!(people: PeoplePage) ssr=SsrMode::Async />
            <Route path=path!("audit") view=page!(audit: AuditPage) ssr=SsrMode::Async />
            <Route path=path!("settings") view=page!(settings: SettingsPage) ssr=SsrMode::Async />
        </ParentRoute>
        <Route path=path!("login") view=page!(login: LoginPage) ssr=SsrMode::Async />
        <Route path=path!("setup") view=page!(setup: SetupPage) ssr=SsrMode::Async />
        <Route path=path!("join") view=page!(join: JoinPage) ssr=SsrMode::Async />
    }
    .into_inner()
}

/// Fetches what the page at `path` needs.
pub async fn fetch(path: &str) {
    if let Some(matched) = RouteDefs::new(Pages()).match_route(path) {
        fetch_all(matched).await;
    }
}

/// Modules of the page at `path`, for the server to announce them.
#[cfg(feature = "ssr")]
pub(crate) fn modules(path: &str) -> Vec<&'static str> {
    use std::{pin::pin, task};
    let modules = page::Modules::default();
    Owner::new().with(|| {
        provide_context(modules.clone());
        // Nothing is fetched here, so that once is enough.
        let _ = pin!(fetch(path)).poll(&mut task::Context::from_waker(task::Waker::noop()));
    });
    modules.0.get_value()
}

fn fetch_all<'m>(matched: impl MatchInterface + 'm) -> Pin<Box<dyn Future<Output = ()> + 'm>> {
    let (view, child) = matched.into_view_and_child();
    Box::pin(async move {
        view.preload().await;
        if let Some(child) = child {
            fetch_all(child).await;
        }
    })
}
