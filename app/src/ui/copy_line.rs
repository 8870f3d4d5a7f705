//! One line that is copied more often than it is read.

use leptos::prelude::*;

use super::CopyButton;

#[component]
pub fn CopyLine(
    #[prop(into)] text: Signal<String>,
    #[prop(default = "Copy".to_owned(), into)] label: String,
) -> impl IntoView {
    view! {
        <div class="copy-line">
            <code>{text}</code>
            <CopyButton label text />
        </div>
    }
}
