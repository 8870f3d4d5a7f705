//! Which page answers which address.
//!
//! Every page is rendered whole before it is sent (`SsrMode::Async`): it then works without a
//! script, and its HTTP status is known in time.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{ParentRoute, Route, Router, Routes},
    path,
};

use crate::{
    live::Live,
    pages::{
        AlertsPage, AuditPage, DeadLettersPage, EditorPage, ErasuresPage, EventPage, EventTypePage,
        JoinPage, KeysPage, LoginPage, NotFoundPage, OverviewPage, PeoplePage, QuarantinePage,
        RetentionPage, RunPage, RunsPage, SecretsPage, SettingsPage, SetupPage, SourcePage,
        SourcesPage, StreamPage, TypesPage, WorkflowPage, WorkflowsPage,
    },
    ui::{Layout, time::Hydrated},
};

#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    Hydrated::provide();
    Live::provide();
    view! {
        <Title formatter=|title: String| format!("{title} · Sluice") />
        <Router>
            <Routes fallback=NotFoundPage>
                <ParentRoute path=path!("") view=Layout ssr=SsrMode::Async>
                    <Route path=path!("") view=StreamPage ssr=SsrMode::Async />
                    <Route path=path!("overview") view=OverviewPage ssr=SsrMode::Async />
                    <Route path=path!("events/:id") view=EventPage ssr=SsrMode::Async />
                    <Route path=path!("types") view=TypesPage ssr=SsrMode::Async />
                    <Route path=path!("types/:name") view=EventTypePage ssr=SsrMode::Async />
                    <Route path=path!("dead-letters") view=DeadLettersPage ssr=SsrMode::Async />
                    <Route path=path!("runs") view=RunsPage ssr=SsrMode::Async />
                    <Route path=path!("runs/:id") view=RunPage ssr=SsrMode::Async />
                    <Route path=path!("quarantine") view=QuarantinePage ssr=SsrMode::Async />
                    <Route path=path!("workflows") view=WorkflowsPage ssr=SsrMode::Async />
                    <Route path=path!("workflows/new") view=EditorPage ssr=SsrMode::Async />
                    <Route path=path!("workflows/:id") view=WorkflowPage ssr=SsrMode::Async />
                    <Route path=path!("workflows/:id/edit") view=EditorPage ssr=SsrMode::Async />
                    <Route path=path!("sources") view=SourcesPage ssr=SsrMode::Async />
                    <Route path=path!("sources/:name") view=SourcePage ssr=SsrMode::Async />
                    <Route path=path!("secrets") view=SecretsPage ssr=SsrMode::Async />
                    <Route path=path!("keys") view=KeysPage ssr=SsrMode::Async />
                    <Route path=path!("alerts") view=AlertsPage ssr=SsrMode::Async />
                    <Route path=path!("retention") view=RetentionPage ssr=SsrMode::Async />
                    <Route path=path!("erasures") view=ErasuresPage ssr=SsrMode::Async />
                    <Route path=path!("people") view=PeoplePage ssr=SsrMode::Async />
                    <Route path=path!("audit") view=AuditPage ssr=SsrMode::Async />
                    <Route path=path!("settings") view=SettingsPage ssr=SsrMode::Async />
                </ParentRoute>
                <Route path=path!("login") view=LoginPage ssr=SsrMode::Async />
                <Route path=path!("setup") view=SetupPage ssr=SsrMode::Async />
                <Route path=path!("join") view=JoinPage ssr=SsrMode::Async />
            </Routes>
        </Router>
    }
}
