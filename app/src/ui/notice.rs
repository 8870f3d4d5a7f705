//! One line about what an action did.

use std::time::Duration;

use leptos::{prelude::*, server_fn::error::ServerFnUrlError};
use leptos_router::hooks::{use_location, use_query_map};

use super::undo::{Undo, UndoButton};
use crate::{ApiError, live::Live};

const GOOD_NEWS: Duration = Duration::from_secs(8);

#[derive(Clone)]
pub struct Notice {
    pub text: String,
    /// Where to see it, and what to call that.
    pub link: Option<(String, String)>,
    /// What takes it back, where that can be done.
    pub undo: Option<Undo>,
    pub failed: bool,
    /// Whether it is also read on the page that the action leads to.
    pub carried: bool,
}

impl Notice {
    pub fn done(text: impl Into<String>) -> Self {
        Self { text: text.into(), link: None, undo: None, failed: false, carried: false }
    }

    pub fn failed(error: &ApiError) -> Self {
        Self { text: error.to_string(), link: None, undo: None, failed: true, carried: false }
    }

    pub fn carried(self) -> Self {
        Self { carried: true, ..self }
    }

    pub fn with_link(self, href: String, text: &str) -> Self {
        Self { link: Some((href, text.to_owned())), ..self }
    }

    /// `back` does the opposite.
    pub fn with_undo(self, back: impl Fn() + Send + Sync + 'static) -> Self {
        Self { undo: Some(Undo::by(back)), ..self }
    }
}

#[derive(Clone, Copy)]
pub struct Notices {
    line: RwSignal<Option<Notice>>,
    /// How many there were: a later one may say the same as one before.
    count: StoredValue<u32>,
}

impl Notices {
    /// Begins with the error that a plain form was sent back with, if there is one.
    pub fn provide() {
        let sent_back = use_query_map().read_untracked().get("__err");
        let notice = sent_back
            .map(|error| Notice::failed(&ServerFnUrlError::<ApiError>::decode_err(&error)));
        provide_context(Self { line: RwSignal::new(notice), count: StoredValue::new(0) });
    }

    /// Good news goes by itself; bad news stays until it is dismissed or the reader moves on.
    pub fn show(self, notice: Notice) {
        let stays = notice.failed;
        let number = self.count.get_value().wrapping_add(1);
        self.count.set_value(number);
        self.line.set(Some(notice));
        if !stays {
            let end = move || {
                if self.count.try_get_value() == Some(number) {
                    self.line.set(None);
                }
            };
            set_timeout(end, GOOD_NEWS);
        }
    }
}

#[component]
pub fn NoticeLine() -> impl IntoView {
    let Notices { line: notice, .. } = expect_context();
    let path = use_location().pathname;
    Effect::new(move |before: Option<String>| {
        let path = path.get();
        if before.is_some_and(|before| before != path) {
            notice.update(|shown| match shown {
                Some(shown) if shown.carried => shown.carried = false,
                shown => *shown = None,
            });
        }
        path
    });
    let live = expect_context::<Live>();
    Effect::new(move |_| {
        if live.signed_out.get() {
            let ended = Notice::failed(&ApiError::SignedOut);
            notice.set(Some(ended.with_link("/login".to_owned(), "Sign in")));
        }
    });
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
            {shown.undo.map(|undo| view! { <UndoButton undo /> })}
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
