//! The API keys: who may send and read. Their secrets are shown once and then nowhere.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::shown_once::ShownOnce;
use crate::{
    api::{RevokeKey, list_keys},
    model::KeyView,
    ui::{Actions, Columns, Command, Fetched, ForOperators, Header, NewLink, Notice, announce},
};

pub mod form;
pub mod row;

use form::KeyForm;
use row::Row;

const CREATE: &str = "sluice keys create --name shop --permission ingest --scope 'order.*'";
const REVOKED: &str = "Revoked. Running servers refuse it within seconds.";

/// What the page's address asks for besides the list.
#[derive(Clone, Copy)]
struct Asked {
    /// A new key.
    new: Memo<bool>,
    /// A new key with the rights of this one.
    like: Memo<Option<String>>,
}

#[component]
pub fn KeysPage() -> impl IntoView {
    let query = use_query_map();
    let field = move |name: &'static str| Memo::new(move |_| query.with(|query| query.get(name)));
    let (made, new) = (field("made"), field("new"));
    let asked = Asked { new: Memo::new(move |_| new.get().is_some()), like: field("like") };
    let done = expect_context::<Actions>().done;
    let keys = Resource::new(move || (made.get(), done.get()), |_| list_keys());
    let revoke = ServerAction::<RevokeKey>::new();
    announce(revoke, |()| Notice::done(REVOKED));
    view! {
        <Header title="Keys" />
        <div class="scroll">
            <ShownOnce
                made
                title="Your new key"
                note="Copy it now: from here on only its beginning is shown, and nobody can look it up."
                back="/keys"
            />
            <Fetched from=keys let:keys>
                <Keys keys asked revoke />
            </Fetched>
        </div>
    }
}

#[component]
fn Keys(keys: Vec<KeyView>, asked: Asked, revoke: ServerAction<RevokeKey>) -> AnyView {
    let (known, none) = (StoredValue::new(keys.clone()), keys.is_empty());
    let open = Memo::new(move |_| asked.new.get() || asked.like.get().is_some());
    let form = move || {
        let like = asked.like.get();
        let model = like
            .as_ref()
            .and_then(|id| known.with_value(|keys| keys.iter().find(|key| key.id == *id).cloned()));
        (asked.new.get() || model.is_some())
            .then(|| view! { <ForOperators><KeyForm model /></ForOperators> })
    };
    view! {
        {form}
        {if none {
            (move || (!open.get()).then(|| view! { <Empty /> })).into_any()
        } else {
            view! { <List keys revoke open /> }.into_any()
        }}
    }
    .into_any()
}

#[component]
fn List(keys: Vec<KeyView>, revoke: ServerAction<RevokeKey>, open: Memo<bool>) -> AnyView {
    let (live, ended): (Vec<_>, Vec<_>) = keys.into_iter().partition(KeyView::is_live);
    let rows: Vec<_> =
        live.into_iter().chain(ended).map(|key| view! { <Row key_view=key revoke /> }).collect();
    view! {
        <div class="bar">
            <p class="dim">"A key is shown once; only its fingerprint is kept."</p>
            <NewLink
                wanted=Signal::derive(move || !open.get())
                href="/keys?new=1"
                label="New key"
            />
        </div>
        <table class="plain">
            <Columns names=&["Name", "Key", "May", "Last used", "Expires", "State"] acted=true />
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

#[component]
fn Empty() -> impl IntoView {
    view! {
        <section class="empty">
            <h2>"No keys yet"</h2>
            <p>
                "Programs send events and read them with a key. It is shown once, when it is made; only \
                 its fingerprint is kept."
            </p>
            <ForOperators>
                <p>
                    <a class="btn main" href="/keys?new=1">
                        "New key"
                    </a>
                </p>
                <Command label="Or on the command line" text=CREATE />
            </ForOperators>
        </section>
    }
}
