//! One line about what an action did.

use leptos::{
    prelude::*,
    server_fn::error::ServerFnUrlError,
};
use leptos_router::hooks::use_query_map;

use crate::ApiError;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub text: String,
    /// Where to see it, and what to call that.
    pub link: Option<(String, String)>,
    pub failed: bool,
}

impl Notice {
    pub fn done(text: impl Into<String>) -> Self {
        Self { text: text.into(), link: None, failed: false }
    }

    pub fn failed(error: &ApiError) -> Self {
        Self { text: error.to_string(), link: None, failed: true }
    }

    pub fn with_link(self, href: String, text: &str) -> Self {
        Self { link: Some((href, text.to_owned())), ..self }
    }
}

#[derive(Clone, Copy)]
pub struct Notices(RwSignal<Option<Notice>>);

impl Notices {
    /// Begins with the error that a plain form was sent back with, if there is one.
    pub fn provide() {
        let sent_back = use_query_map().read_untracked().get("__err");
        let notice = sent_back
            .map(|error| Notice::failed(&ServerFnUrlError::<ApiError>::decode_err(&error)));
        provide_context(Self(RwSignal::new(notice)));
    }

    pub fn show(self, notice: Notice) {
        self.0.set(Some(notice));
    }
}

#[component]
pub fn NoticeLine() -> impl IntoView {
    let Notices(notice) = expect_context();
    view! {
        <div class="notices" role="status">
            {move || notice.get().map(|shown| view! { <Line shown notice /> })}
        </div>
    }
}

#[component]
fn Line(shown: Notice, notice: RwSignal<Option<Notice>>) -> impl IntoView {
    view! {
        <div class="notice" class:bad=shown.failed>
            <span>{shown.text}</span>
            {shown.link.map(|(href, text)| view! { <a href=href>{text}</a> })}
            <button
                type="button"
                class="link needs-script"
                aria-label="Dismiss"
                on:click=move |_| notice.set(None)
            >
                "×"
            </button>
        </div>
    }
}
