//! A new key: what it may do, and until when.

use leptos::prelude::*;

use crate::{
    api::CreateKey,
    model::KeyView,
    ui::{CallForm, Field, FormEnd, Refusal, Tick},
};

/// Begins with the rights of `model`, when it is to follow that one.
#[component]
pub fn KeyForm(model: Option<KeyView>) -> AnyView {
    let create = ServerAction::<CreateKey>::new();
    let (title, story) = match &model {
        Some(key) => (
            format!("Successor of {}", key.name),
            "The same rights for a second key. Both work: give the new one to whoever sends, watch the \
             old one's last use, then revoke it.",
        ),
        None => {
            ("New key".to_owned(), "For one program or one place, so that it can be ended alone.")
        }
    };
    let name = model.as_ref().map(KeyView::successor_name).unwrap_or_default();
    let scopes = model.as_ref().map(|key| key.scopes.join(" ")).unwrap_or_default();
    let rate_limit = model.as_ref().and_then(|key| key.rate_limit.clone()).unwrap_or_default();
    view! {
        <section class="sheet-form" aria-labelledby="key-form">
            <h2 id="key-form">{title}</h2>
            <p class="dim">{story}</p>
            <CallForm action=create class="form">
                <Refusal action=create />
                <Field label="Name" hint="What it is for, as you will know it later.">
                    <input
                        name="name"
                        value=name
                        required
                        maxlength="100"
                        autocomplete="off"
                        placeholder="shop"
                        autofocus
                    />
                </Field>
                <Permissions model />
                <Field
                    label="Event types it may send"
                    hint="Patterns with blanks between, such as order.* invoice.**. Empty means every type."
                >
                    <input
                        class="m"
                        name="scopes"
                        value=scopes
                        autocomplete="off"
                        spellcheck="false"
                        placeholder="order.*"
                    />
                </Field>
                <Field
                    label="Rate limit"
                    hint="Events in all, such as 600/min, 20/s or 5000/h. Empty leaves only its address's limit."
                >
                    <input
                        class="m"
                        name="rate_limit"
                        value=rate_limit
                        autocomplete="off"
                        spellcheck="false"
                        placeholder="600/min"
                    />
                </Field>
                <Expiry />
                <FormEnd pending=create.pending() label="Create key" back="/keys" />
            </CallForm>
        </section>
    }
    .into_any()
}

#[component]
fn Permissions(model: Option<KeyView>) -> AnyView {
    let may = |permission: &str| match &model {
        Some(key) => key.may(permission),
        None => permission == "ingest",
    };
    view! {
        <fieldset class="ticks">
            <legend>"It may"</legend>
            <Tick name="ingest" label="Ingest" hint="Send events." checked=may("ingest") />
            <Tick
                name="read"
                label="Read"
                hint="See events, runs and settings."
                checked=may("read")
            />
            <Tick
                name="manage"
                label="Manage"
                hint="Replay, delete, change workflows and keys; reads too."
                checked=may("manage")
            />
        </fieldset>
    }
    .into_any()
}

#[component]
fn Expiry() -> AnyView {
    view! {
        <Field label="Ends" hint="A key that ends by itself cannot be forgotten.">
            <select name="expires">
                <option value="">"Never"</option>
                <option value="30d">"In 30 days"</option>
                <option value="90d">"In 90 days"</option>
                <option value="365d">"In a year"</option>
            </select>
        </Field>
    }
    .into_any()
}
