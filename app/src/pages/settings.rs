//! One's own password, and how this server was started.

use leptos::prelude::*;

use crate::{
    api::{ChangePassword, get_instance},
    model::{Instance, Setting},
    ui::{Fact, Fetched, Field, Header, Refusal},
};

#[component]
pub fn SettingsPage() -> impl IntoView {
    let instance = Resource::new(|| (), |()| get_instance());
    view! {
        <Header title="Settings" />
        <div class="scroll">
            <PasswordForm />
            <Fetched from=instance let:instance>
                <InForce instance />
            </Fetched>
        </div>
    }
}

#[component]
fn PasswordForm() -> AnyView {
    let change = ServerAction::<ChangePassword>::new();
    let pending = change.pending();
    view! {
        <section class="sheet-form" aria-labelledby="password-form">
            <h2 id="password-form">"Your password"</h2>
            <p class="dim">"All your sessions end, this one too: sign in with the new one."</p>
            <ActionForm action=change attr:class="form">
                <Refusal action=change />
                <Field label="Current password">
                    <input
                        type="password"
                        name="current"
                        required
                        autocomplete="current-password"
                    />
                </Field>
                <Field label="New password" hint="At least 12 characters.">
                    <input
                        type="password"
                        name="new"
                        required
                        minlength="12"
                        autocomplete="new-password"
                    />
                </Field>
                <div class="row">
                    <button class="btn main" disabled=pending>
                        "Change password"
                    </button>
                </div>
            </ActionForm>
        </section>
    }
    .into_any()
}

#[component]
fn InForce(instance: Instance) -> AnyView {
    let facts: Vec<_> = instance
        .settings
        .into_iter()
        .map(|Setting { name, value, variable }| {
            view! {
                <Fact name>
                    {value}
                    {variable.map(|variable| view! { <div class="m dim">{variable}</div> })}
                </Fact>
            }
        })
        .collect();
    view! {
        <section class="sheet-form" aria-labelledby="in-force">
            <h2 id="in-force">"This server"</h2>
            <p class="dim">
                "Set by its environment or the flags of sluice serve, and in force since it started."
            </p>
            <dl class="facts">{facts}</dl>
        </section>
    }
    .into_any()
}
