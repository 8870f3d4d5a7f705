//! An address that leads nowhere.

use leptos::prelude::*;

use super::login::Gate;

#[component]
pub fn NotFoundPage() -> impl IntoView {
    #[cfg(feature = "ssr")]
    crate::ssr::set_status(axum::http::StatusCode::NOT_FOUND);
    view! {
        <Gate title="Not found" error=None>
            <p class="dim">"There is no page at this address. It may have been mistyped."</p>
            <a class="btn" href="/">
                "Go to the stream"
            </a>
        </Gate>
    }
}
