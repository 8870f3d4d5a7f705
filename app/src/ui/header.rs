//! The line on top of a page: its name, and whether what it shows is current.

use leptos::prelude::*;
use leptos_meta::Title;

use super::Pulse;

#[component]
pub fn Header(#[prop(into)] title: String) -> AnyView {
    view! {
        <Title text=title.clone() />
        <header>
            <h1>{title}</h1>
            <Pulse />
        </header>
    }
    .into_any()
}
