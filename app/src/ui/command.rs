//! Lines to paste into a terminal.

use leptos::prelude::*;

use super::CopyButton;

#[component]
pub fn Command(#[prop(into)] text: String, #[prop(into)] label: String) -> impl IntoView {
    view! {
        <figure class="command">
            <figcaption>{label} <CopyButton label="Copy" text=text.clone() /></figcaption>
            <pre tabindex="0">{text}</pre>
        </figure>
    }
}
