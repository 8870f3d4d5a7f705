//! The first sign-in: whoever holds the printed link becomes the owner.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::login::{Gate, message};

#[component]
pub fn SetupPage() -> impl IntoView {
    let query = use_query_map();
    let field = move |name: &str| query.read_untracked().get(name);
    let token = field("token").unwrap_or_default();
    let error = field("error");
    let taken = error.as_deref() == Some("taken");
    view! {
        <Gate title="Set up Sluice" error=error.map(|error| message(&error))>
            {if taken {
                view! {
                    <a class="btn main" rel="external" href="/login">
                        "Sign in"
                    </a>
                }
                    .into_any()
            } else {
                view! { <SetupForm token /> }.into_any()
            }}
        </Gate>
    }
}

#[component]
fn SetupForm(token: String) -> impl IntoView {
    view! {
        <p class="dim">"Choose how you will sign in. You become the owner of this instance."</p>
        <form method="post" action="/setup">
            <input type="hidden" name="token" value=token />
            <label>
                "Email"
                <input type="email" name="email" autocomplete="username" required autofocus />
            </label>
            <label>
                "Password"
                <input
                    type="password"
                    name="password"
                    autocomplete="new-password"
                    minlength="12"
                    required
                    aria-describedby="password-hint"
                />
            </label>
            <small class="dim" id="password-hint">
                "At least 12 characters."
            </small>
            <button class="btn main">"Create owner"</button>
        </form>
    }
}
