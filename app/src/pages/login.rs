//! Signing in: a plain form, answered by the server with a redirect.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::ui::Mark;

#[component]
pub fn LoginPage() -> AnyView {
    let query = use_query_map();
    let field = move |name: &str| query.read_untracked().get(name);
    let next = field("next").unwrap_or_else(|| "/".to_owned());
    let changed = field("changed").is_some();
    let error = field("error").map(|error| message(&error));
    view! {
        <Gate title="Sign in" error>
            {changed
                .then(|| {
                    view! {
                        <p class="dim" role="status">
                            "Your password is changed. Sign in with the new one."
                        </p>
                    }
                })}
            <form method="post" action="/login">
                <input type="hidden" name="next" value=next />
                <label>
                    "Email"
                    <input type="email" name="email" autocomplete="username" required autofocus />
                </label>
                <label>
                    "Password"
                    <input
                        type="password"
                        name="password"
                        autocomplete="current-password"
                        required
                    />
                </label>
                <button class="btn main">"Sign in"</button>
            </form>
        </Gate>
    }
    .into_any()
}

/// The calm page in front of the dashboard.
#[component]
pub fn Gate(title: &'static str, error: Option<&'static str>, children: Children) -> AnyView {
    view! {
        <Title text=title />
        <main class="gate" id="content">
            <div class="gate-box">
                <div class="mark">
                    <Mark />
                    "Sluice"
                </div>
                <h1>{title}</h1>
                {error
                    .map(|error| {
                        view! {
                            <p class="err" role="alert">
                                {error}
                            </p>
                        }
                    })} {children()}
            </div>
        </main>
    }
    .into_any()
}

/// What to read for the words that the server puts into `?error=`.
pub fn message(error: &str) -> &'static str {
    match error {
        "wrong" => "Email or password is not right.",
        "throttled" => "Too many attempts. Wait a minute, then try again.",
        "weak" => "This password is too easy to guess. Use at least 12 characters.",
        "expired" => "This link has expired. Restart Sluice to get a new one.",
        "ended" => {
            "This invitation has been used, was withdrawn or has expired. Ask for a new one."
        }
        "taken" => "Sluice has an owner already. Sign in instead.",
        "email" => "This is no email address.",
        _ => "That did not work. Try again.",
    }
}
