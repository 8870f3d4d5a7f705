//! What outgoing calls keep secret: set here, read by steps, never shown again.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::{DeleteSecret, list_secrets},
    model::SecretView,
    ui::{
        Actions, CallForm, Columns, Command, Confirm, Day, Fetched, ForOperators, Header, Moment,
        NewLink, Notice, announce,
    },
};

pub mod form;

use form::SecretForm;

const SET: &str = "sluice secrets set WAREHOUSE_TOKEN < token.txt";

#[component]
pub fn SecretsPage() -> impl IntoView {
    let query = use_query_map();
    // Empty for a new one, or the name of the one that is set anew.
    let asked = Memo::new(move |_| query.with(|query| query.get("set")));
    let done = expect_context::<Actions>().done;
    let secrets = Resource::new(move || (asked.get(), done.get()), |_| list_secrets());
    let delete = ServerAction::<DeleteSecret>::new();
    announce(delete, |()| Notice::done("Forgotten. Steps that read it fail from now on."));
    view! {
        <Header title="Secrets" />
        <div class="scroll">
            {move || {
                asked.get().map(|name| view! { <ForOperators><SecretForm name /></ForOperators> })
            }}
            <Fetched from=secrets let:secrets>
                <List secrets asked delete />
            </Fetched>
        </div>
    }
}

#[component]
fn List(
    secrets: Vec<SecretView>,
    asked: Memo<Option<String>>,
    delete: ServerAction<DeleteSecret>,
) -> AnyView {
    if secrets.is_empty() {
        return (move || asked.get().is_none().then(|| view! { <Empty /> })).into_any();
    }
    let rows: Vec<_> = secrets.into_iter().map(|secret| view! { <Row secret delete /> }).collect();
    view! {
        <div class="bar">
            <p class="dim">"Steps read them as " <code>"${secret.NAME}"</code> "."</p>
            <NewLink
                wanted=Signal::derive(move || asked.get().is_none())
                href="/secrets?set="
                label="New secret"
            />
        </div>
        <table class="plain">
            <Columns names=&["Name", "Read by", "Last set"] acted=true />
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

#[component]
fn Row(secret: SecretView, delete: ServerAction<DeleteSecret>) -> AnyView {
    let SecretView { name, created_at, updated_at, used_by } = secret;
    let text = match used_by.as_slice() {
        [] => "No workflow in force reads it. Its value cannot be brought back.".to_owned(),
        names => format!(
            "Steps that read it fail for good until it is set again: {}. Its value cannot be brought back.",
            names.join(", ")
        ),
    };
    let marked = name.clone();
    view! {
        <tr data-secret=marked>
            <td>
                <b class="m">{name.clone()}</b>
                <div class="dim">"Created " <Day at=created_at /></div>
            </td>
            <td data-label="Read by">
                {match used_by.is_empty() {
                    true => view! { <span class="dim">"no workflow"</span> }.into_any(),
                    false => used_by.join(", ").into_any(),
                }}
            </td>
            <td data-label="Last set">
                <Moment at=updated_at />
            </td>
            <td>
                <div class="row end-row">
                    <ForOperators>
                        <RowActions name text delete />
                    </ForOperators>
                </div>
            </td>
        </tr>
    }
    .into_any()
}

/// `text` says what its end means.
#[component]
fn RowActions(name: String, text: String, delete: ServerAction<DeleteSecret>) -> AnyView {
    let chosen = name.clone();
    view! {
        <a class="btn" href=format!("/secrets?set={name}")>
            "Set anew"
        </a>
        <Confirm
            id=format!("delete-{name}")
            label="Delete"
            title=format!("Delete {name}?")
            text
        >
            <CallForm action=delete class="inline">
                <input type="hidden" name="name" value=chosen />
                <button class="btn danger">"Delete secret"</button>
            </CallForm>
        </Confirm>
    }
    .into_any()
}

#[component]
fn Empty() -> impl IntoView {
    view! {
        <section class="empty">
            <h2>"No secrets yet"</h2>
            <p>
                "Tokens and passwords that http steps send. They are kept encrypted, read as "
                <code>"${secret.NAME}"</code>
                " and masked wherever a call is shown."
            </p>
            <ForOperators>
                <p>
                    <a class="btn main" href="/secrets?set=">
                        "New secret"
                    </a>
                </p>
                <Command label="Or on the command line" text=SET />
            </ForOperators>
        </section>
    }
}
