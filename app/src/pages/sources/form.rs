//! A new source of one kind, with the fields that this kind needs.

use leptos::prelude::*;

use super::provider::Provider;
use crate::{
    api::CreateSource,
    ui::{CallForm, CopyLine, Field, FormEnd, Refusal, origin},
};

#[component]
pub fn SourceForm(provider: Provider) -> AnyView {
    let create = ServerAction::<CreateSource>::new();
    let name = RwSignal::new(provider.kind.to_owned());
    let origin = origin();
    let address = Signal::derive(move || {
        let name = name.get();
        let name = if name.is_empty() { "…" } else { &name };
        format!("{}/api/webhooks/{name}", origin.get())
    });
    view! {
        <section class="sheet-form" aria-labelledby="source-form">
            <h2 id="source-form">"New source: " {provider.title}</h2>
            <CallForm action=create class="form">
                <Refusal action=create />
                <input type="hidden" name="kind" value=provider.kind />
                <Field label="Name" hint="Lower-case letters, digits, - and _. It is the source of its events.">
                    <input
                        name="name"
                        value=provider.kind
                        on:input=move |event| name.set(event_target_value(&event))
                        required
                        maxlength="64"
                        pattern="[a-z0-9_\\-]+"
                        title="Lower-case letters, digits, - and _"
                        autocomplete="off"
                        spellcheck="false"
                    />
                </Field>
                <div class="field">
                    <span>"Address to give to the provider"</span>
                    <CopyLine text=address />
                </div>
                <SecretField provider />
                {(provider.kind == "hmac").then(|| view! { <HeaderField /> })}
                <FormEnd pending=create.pending() label="Create source" back="/sources" />
            </CallForm>
        </section>
    }
    .into_any()
}

/// The secret that the provider signs with; it is not shown while it is pasted.
#[component]
pub fn SecretField(provider: Provider, #[prop(default = "Secret")] label: &'static str) -> AnyView {
    view! {
        <Field label=label hint=provider.secret>
            <input
                class="m"
                type="password"
                name="secret"
                required=!provider.takes_ours
                autocomplete="new-password"
                spellcheck="false"
            />
        </Field>
    }
    .into_any()
}

#[component]
fn HeaderField() -> AnyView {
    view! {
        <Field label="Header with the signature" hint="In hexadecimal or base64, with or without sha256= before it.">
            <input
                class="m"
                name="signature_header"
                placeholder="x-signature"
                pattern="[A-Za-z0-9_\\-]+"
                title="The name of a header"
                autocomplete="off"
                spellcheck="false"
            />
        </Field>
    }
    .into_any()
}
