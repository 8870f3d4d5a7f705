//! One key in the list.

use leptos::prelude::*;

use crate::{
    api::RevokeKey,
    model::{KeyState, KeyView},
    ui::{CallForm, Confirm, Day, ForOperators, Moment},
};

#[component]
pub fn Row(key_view: KeyView, revoke: ServerAction<RevokeKey>) -> AnyView {
    let key = key_view;
    let live = key.is_live();
    let scopes = match key.scopes.as_slice() {
        [] if key.may("ingest") => view! { <div class="dim">"every event type"</div> }.into_any(),
        scopes => view! { <div class="m dim scopes">{scopes.join(" ")}</div> }.into_any(),
    };
    let last_used = key.last_used_at.clone();
    let expires = key.expires_at.clone();
    let actions = live.then(|| view! { <KeyActions key_view=key.clone() revoke /> });
    view! {
        <tr class:ended=!live data-key-id=key.id.clone()>
            <td>
                <b>{key.name}</b>
                <div class="dim">"Created " <Day at=key.created_at /></div>
            </td>
            <td class="m">{key.prefix} "…"</td>
            <td>
                {key.permissions.join(", ")} {scopes}
                {key.rate_limit.map(|rate| view! { <div class="dim">"at most " {rate}</div> })}
            </td>
            <td data-label="Last used">
                {match last_used {
                    Some(at) => view! { <Moment at /> }.into_any(),
                    None => view! { <span class="dim">"never"</span> }.into_any(),
                }}
            </td>
            <td data-label="Expires">
                {match expires {
                    Some(at) => view! { <Day at /> }.into_any(),
                    None => view! { <span class="dim">"never"</span> }.into_any(),
                }}
            </td>
            <td>
                {match (key.state, key.revoked_at) {
                    (KeyState::Live, _) => view! { <span class="s on">"Live"</span> }.into_any(),
                    (KeyState::Expired, _) => {
                        view! { <span class="s off">"Expired"</span> }.into_any()
                    }
                    (KeyState::Revoked, at) => {
                        view! {
                            <span class="s off">"Revoked"</span>
                            {at.map(|at| view! { <div class="dim"><Day at /></div> })}
                        }
                            .into_any()
                    }
                }}
            </td>
            <td>
                <div class="row end-row">{actions}</div>
            </td>
        </tr>
    }
    .into_any()
}

#[component]
fn KeyActions(key_view: KeyView, revoke: ServerAction<RevokeKey>) -> AnyView {
    let KeyView { id, name, prefix, .. } = key_view;
    let text = format!(
        "Whoever uses {prefix}… is refused within seconds. This cannot be undone; a successor with the \
         same rights can be made before."
    );
    view! {
        <ForOperators>
            <a
                class="btn"
                href=format!("/keys?like={id}")
                title="A second key with the same rights, to rotate without a gap"
            >
                "Successor"
            </a>
            <Confirm
                id=format!("revoke-{id}")
                label="Revoke"
                title=format!("Revoke {name}?")
                text
            >
                <CallForm action=revoke class="inline">
                    <input type="hidden" name="id" value=id />
                    <button class="btn danger">"Revoke key"</button>
                </CallForm>
            </Confirm>
        </ForOperators>
    }
    .into_any()
}
