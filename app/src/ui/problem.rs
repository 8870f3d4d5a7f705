//! What went wrong, and what to do about it.

use leptos::prelude::*;

use crate::ApiError;

#[component]
pub fn Problem(error: ApiError) -> impl IntoView {
    let (title, next) = match &error {
        ApiError::NotFound => ("Not found", Some(("/", "Back to the stream"))),
        ApiError::SignedOut => ("Signed out", Some(("/login", "Sign in"))),
        ApiError::Refused(_) => ("This does not work", None),
        ApiError::Internal(_) => ("Something failed", None),
        ApiError::Transport(_) => ("No connection", None),
    };
    view! {
        <section class="empty" role="alert">
            <h2>{title}</h2>
            <p>{error.to_string()}</p>
            {next
                .map(|(href, text)| {
                    view! {
                        // A full load: the server decides anew who this is.
                        <a class="btn" rel="external" href=href>
                            {text}
                        </a>
                    }
                })}
        </section>
    }
}
