//! Taking back what was just done.

use std::sync::Arc;

use leptos::prelude::*;

/// Does the opposite. It belongs to the page on which something was done, and so does its notice.
#[derive(Clone)]
pub struct Undo(Arc<dyn Fn() + Send + Sync>);

impl Undo {
    pub fn by(back: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(back))
    }
}

/// Stands in a notice, which is there only once the page is alive: so it is no form.
#[component]
pub fn UndoButton(undo: Undo) -> AnyView {
    view! {
        <button type="button" class="link undo" on:click=move |_| undo.0()>
            "Undo"
        </button>
    }
    .into_any()
}
