//! A new secret, or a new value for one.

use leptos::prelude::*;

use crate::{
    api::SetSecret,
    ui::{CallForm, Field, FormEnd, Refusal},
};

/// `name` is empty for a new one.
#[component]
pub fn SecretForm(name: String) -> AnyView {
    let set = ServerAction::<SetSecret>::new();
    let known = !name.is_empty();
    let title = if known { format!("Set {name} anew") } else { "New secret".to_owned() };
    view! {
        <section class="sheet-form" aria-labelledby="secret-form">
            <h2 id="secret-form">{title}</h2>
            <p class="dim">
                "It is kept encrypted and is not shown again. Calls use a new value within seconds."
            </p>
            <CallForm action=set class="form">
                <Refusal action=set />
                <Field label="Name" hint="Letters, digits and _, as steps write it.">
                    <input
                        class="m"
                        name="name"
                        value=name
                        readonly=known
                        required
                        maxlength="64"
                        pattern="[A-Za-z_][A-Za-z0-9_]*"
                        autocomplete="off"
                        spellcheck="false"
                        placeholder="WAREHOUSE_TOKEN"
                    />
                </Field>
                <Field label="Value" hint="At least 6 characters: a shorter one could not be masked.">
                    <input
                        class="m"
                        type="password"
                        name="value"
                        required
                        minlength="6"
                        autocomplete="new-password"
                        spellcheck="false"
                    />
                </Field>
                <FormEnd pending=set.pending() label="Set secret" back="/secrets" />
            </CallForm>
        </section>
    }
    .into_any()
}
