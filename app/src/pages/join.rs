//! The way in for someone who was asked in, and to a new password for someone who is in.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::login::{Gate, message};

#[component]
pub fn JoinPage() -> impl IntoView {
    let query = use_query_map();
    let field = move |name: &str| query.read_untracked().get(name).unwrap_or_default();
    let (token, email) = (field("token"), field("email"));
    let error = Some(field("error")).filter(|error| !error.is_empty());
    let ended = error.as_deref() == Some("ended");
    view! {
        <Gate title="Welcome to Sluice" error=error.map(|error| message(&error))>
            {if ended {
                view! {
                    <a class="btn main" rel="external" href="/login">
                        "Sign in"
                    </a>
                }
                    .into_any()
            } else {
                view! { <JoinForm token email /> }.into_any()
            }}
        </Gate>
    }
}

#[component]
fn JoinForm(token: String, email: String) -> impl IntoView {
    view! {
        <p class="dim">"Choose a password. The link works once."</p>
        <form method="post" action="/join">
            <input type="hidden" name="token" value=token />
            <label>
                "Email"
                <input
                    type="email"
                    name="email"
                    autocomplete="username"
                    value=email
                    readonly
                />
            </label>
            <label>
                "Password"
                <input
                    type="password"
                    name="password"
                    autocomplete="new-password"
                    minlength="12"
                    required
                    autofocus
                    aria-describedby="password-hint"
                />
            </label>
            <small class="dim" id="password-hint">
                "At least 12 characters."
            </small>
            <button class="btn main">"Come in"</button>
        </form>
    }
}
