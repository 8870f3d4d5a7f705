//! The way around: a column beside the page, a folded menu above it on narrow screens.

use leptos::{html, prelude::*};
use leptos_router::{components::A, hooks::use_location};

use super::{ForOperators, ForOwners, Icon, Mark, icon::Shape};
use crate::{
    live::Live,
    model::{Session, Stats},
};

#[component]
pub fn Nav(session: Option<Session>) -> AnyView {
    let menu = NodeRef::<html::Details>::new();
    let path = use_location().pathname;
    Effect::new(move |_| {
        path.track();
        if let Some(menu) = menu.get_untracked() {
            menu.set_open(false);
        }
    });
    let stats = session.as_ref().map(|session| session.stats).unwrap_or_default();
    let user = session.map(|session| (session.user.email, session.user.role));
    view! {
        <nav class="side" aria-label="Main">
            <Home />
            <GoAnywhere />
            <Links stats />
            <Who user=user.clone() />
        </nav>
        <nav class="topbar" aria-label="Main">
            <Home />
            <details class="menu" node_ref=menu>
                <summary>"Menu"</summary>
                <div class="sheet">
                    <Links stats />
                    <Who user />
                </div>
            </details>
        </nav>
    }
    .into_any()
}

#[component]
fn Home() -> impl IntoView {
    view! {
        <a class="mark" href="/">
            <Mark />
            "Sluice"
        </a>
    }
}

/// Opens the palette; the browser does it by itself.
#[component]
fn GoAnywhere() -> impl IntoView {
    view! {
        <button type="button" class="go needs-script" popovertarget="palette">
            "Go to …"
            <kbd>"Ctrl K"</kbd>
        </button>
    }
}

#[component]
fn Links(stats: Stats) -> AnyView {
    view! {
        <p class="group-name">"Watch"</p>
        <A href="/overview" attr:data-key="g o">
            <Icon shape=Shape::Overview />
            "Overview"
        </A>
        <A href="/" exact=true attr:data-key="g s">
            <Icon shape=Shape::Stream />
            "Stream"
        </A>
        <A href="/runs" attr:data-key="g r">
            <Icon shape=Shape::Runs />
            "Runs"
        </A>
        <A href="/types" attr:data-key="g t">
            <Icon shape=Shape::Types />
            "Types"
        </A>
        <A href="/dead-letters" attr:data-key="g d">
            <Icon shape=Shape::DeadLetters />
            "Dead letters"
            <Badge stats count=|stats| stats.counts.failed />
        </A>
        <A href="/quarantine" attr:data-key="g q">
            <Icon shape=Shape::Quarantine />
            "Quarantine"
            <Badge stats count=|stats| stats.quarantined />
        </A>
        <A href="/alerts" attr:data-key="g l">
            <Icon shape=Shape::Alerts />
            "Alerts"
            <Badge stats count=|stats| stats.alerts_firing />
        </A>
        <p class="group-name">"Build"</p>
        <A href="/workflows" attr:data-key="g w">
            <Icon shape=Shape::Workflows />
            "Workflows"
        </A>
        <A href="/sources">
            <Icon shape=Shape::Sources />
            "Sources"
        </A>
        <A href="/secrets">
            <Icon shape=Shape::Secrets />
            "Secrets"
        </A>
        <A href="/keys">
            <Icon shape=Shape::Keys />
            "Keys"
        </A>
        <p class="group-name">"Run"</p>
        <A href="/people">
            <Icon shape=Shape::People />
            "People"
        </A>
        <ForOperators>
            <A href="/audit" attr:data-key="g a">
                <Icon shape=Shape::Audit />
                "Audit log"
            </A>
        </ForOperators>
        <A href="/retention">
            <Icon shape=Shape::Retention />
            "Retention"
        </A>
        <ForOwners>
            <A href="/erasures">
                <Icon shape=Shape::Erasures />
                "Erasures"
            </A>
        </ForOwners>
        <A href="/settings">
            <Icon shape=Shape::Settings />
            "Settings"
        </A>
        // A page of the server alone, which the router here does not know.
        <a href="/api/docs" rel="external">
            <Icon shape=Shape::Api />
            "API"
        </a>
    }
    .into_any()
}

/// How many wait for someone: as of `stats` until the stream knows better.
#[component]
fn Badge(stats: Stats, count: fn(&Stats) -> u64) -> impl IntoView {
    let live = expect_context::<Live>();
    let count = Memo::new(move |_| count(&live.stats.get().unwrap_or(stats)));
    move || (count.get() > 0).then(|| view! { <b class="badge">{count.get()}</b> })
}

#[component]
fn Who(user: Option<(String, String)>) -> impl IntoView {
    user.map(|(email, role)| {
        view! {
            <div class="who">
                <span class="email" title=email.clone()>
                    {email.clone()}
                </span>
                <span class="role">{role}</span>
                <button type="button" class="link needs-script" popovertarget="shortcuts">
                    "Keys"
                </button>
                <form method="post" action="/logout">
                    <button class="link">"Sign out"</button>
                </form>
            </div>
        }
    })
}
