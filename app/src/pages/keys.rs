//! The API keys: who may send and read. Their secrets are nowhere to be seen.

use leptos::prelude::*;

use crate::{
    api::list_keys,
    model::{KeyView, Timestamp},
    ui::{Command, Header, Moment, Problem},
};

const CREATE: &str = "sluice keys create --name shop --permission ingest --scope 'order.*'";

#[component]
pub fn KeysPage() -> impl IntoView {
    let keys = Resource::new(|| (), |()| list_keys());
    view! {
        <Header title="Keys" />
        <div class="scroll">
            <Transition>
                {move || Suspend::new(async move {
                    match keys.await {
                        Ok(keys) => view! { <List keys /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </div>
    }
}

#[component]
fn List(keys: Vec<KeyView>) -> AnyView {
    let none = keys.is_empty();
    let rows: Vec<_> = keys.into_iter().map(|key| view! { <Row key_view=key /> }).collect();
    view! {
        {(!none)
            .then(|| {
                view! {
                    <table class="plain">
                        <thead>
                            <tr>
                                <th>"Name"</th>
                                <th>"Key"</th>
                                <th>"May"</th>
                                <th>"Created"</th>
                                <th>"Last used"</th>
                                <th>"State"</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                }
            })}
        <section class="empty">
            {none.then(|| view! { <h2>"No keys yet"</h2> })}
            <p>"A key is shown once, when it is created; only its fingerprint is kept."</p>
            <Command label="Create a key" text=CREATE />
        </section>
    }
    .into_any()
}

#[component]
fn Row(key_view: KeyView) -> AnyView {
    let key = key_view;
    let scopes = (!key.scopes.is_empty()).then(|| format!(" {}", key.scopes.join(" ")));
    view! {
        <tr>
            <td>
                <b>{key.name}</b>
            </td>
            <td class="m">{key.prefix} "…"</td>
            <td>{key.permissions.join(", ")} <span class="m dim">{scopes}</span></td>
            <td class="m">{when(Some(key.created_at))}</td>
            <td class="m">{when(key.last_used_at)}</td>
            <td>
                {match key.revoked_at {
                    Some(at) => {
                        view! {
                            <span class="s off">"Revoked"</span>
                            " "
                            <span class="m">
                                <Moment at />
                            </span>
                        }
                            .into_any()
                    }
                    None => view! { <span class="s on">"Active"</span> }.into_any(),
                }}
            </td>
        </tr>
    }
    .into_any()
}

fn when(at: Option<Timestamp>) -> AnyView {
    match at {
        Some(at) => view! { <Moment at /> }.into_any(),
        None => view! { <span class="dim">"never"</span> }.into_any(),
    }
}
