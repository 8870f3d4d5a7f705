//! Sources: providers whose webhooks come signed, each with its own address.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::list_sources,
    live::Live,
    model::SourceActivity,
    ui::{Actions, Columns, Command, Fetched, ForOperators, Header, NewLink},
};

pub mod form;
pub mod provider;
pub mod row;
pub mod trial;

use form::SourceForm;
use provider::Provider;
use row::Row;

const CREATE: &str = "sluice sources create --name github --kind github --secret \"$SECRET\"";

#[component]
pub fn SourcesPage() -> impl IntoView {
    let query = use_query_map();
    // `new=github` is the form for one kind, any other value the choice between them.
    let new = Memo::new(move |_| query.with(|query| query.get("new")));
    let live = expect_context::<Live>();
    let held = Memo::new(move |_| live.stats.get().map(|stats| stats.quarantined));
    let done = expect_context::<Actions>().done;
    let sources = Resource::new(move || (held.get(), done.get()), |_| list_sources());
    let step = move || {
        new.get().map(|kind| match provider::find(&kind) {
            Some(provider) => view! { <SourceForm provider /> }.into_any(),
            None => view! { <Choice /> }.into_any(),
        })
    };
    view! {
        <Header title="Sources" />
        <div class="scroll">
            <ForOperators>{step}</ForOperators>
            <Fetched from=sources let:sources>
                <List sources new />
            </Fetched>
        </div>
    }
}

#[component]
fn List(sources: Vec<SourceActivity>, new: Memo<Option<String>>) -> AnyView {
    if sources.is_empty() {
        return (move || new.get().is_none().then(|| view! { <Empty /> })).into_any();
    }
    let rows: Vec<_> = sources.into_iter().map(|activity| view! { <Row activity /> }).collect();
    view! {
        <div class="bar">
            <p class="dim">"A delivery is believed by its signature; others wait in quarantine."</p>
            <NewLink
                wanted=Signal::derive(move || new.get().is_none())
                href="/sources?new=1"
                label="New source"
            />
        </div>
        <table class="plain">
            <Columns
                names=&["Source", "Address to give to the provider", "Secrets", "Last event", "In quarantine"]
            />
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

#[component]
fn Empty() -> AnyView {
    view! {
        <section class="empty wide">
            <h2>"No sources yet"</h2>
            <p>
                "A source lets a provider deliver its webhooks here: it has an address of its own and a \
                 secret, and what is not signed with that is kept apart."
            </p>
            <ForOperators>
                <p>"Who sends?"</p>
                <Kinds />
                <Command label="Or on the command line" text=CREATE />
            </ForOperators>
        </section>
    }
    .into_any()
}

#[component]
fn Choice() -> AnyView {
    view! {
        <section class="sheet-form" aria-labelledby="choose-kind">
            <h2 id="choose-kind">"Who sends?"</h2>
            <p class="dim">"That decides where the signature and the event's type are found."</p>
            <Kinds />
            <a class="btn" href="/sources">
                "Cancel"
            </a>
        </section>
    }
    .into_any()
}

#[component]
fn Kinds() -> impl IntoView {
    let card = |provider: Provider| {
        view! {
            <li>
                <a class="card" href=format!("/sources?new={}", provider.kind)>
                    <b>{provider.title}</b>
                    <span>{provider.brings}</span>
                </a>
            </li>
        }
    };
    view! { <ul class="cards">{provider::ALL.map(card)}</ul> }
}
