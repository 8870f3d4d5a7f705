//! An event type with its first segment first.

use leptos::prelude::*;

#[component]
pub fn EventTypeName(#[prop(into)] name: String) -> impl IntoView {
    let (head, rest) = match name.find('.') {
        Some(dot) => name.split_at(dot),
        None => (name.as_str(), ""),
    };
    view! {
        <span class="t">
            {head.to_owned()} <span>{rest.to_owned()}</span>
        </span>
    }
}
