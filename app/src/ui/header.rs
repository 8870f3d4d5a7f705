//! The line on top of a page: its name, and whether what it shows is current.

use leptos::prelude::*;
use leptos_meta::Title;

use super::Pulse;

#[component]
pub fn Header(
    #[prop(into)] title: String,
    /// Ways on from here, at the end of the line.
    #[prop(optional)]
    children: Option<Children>,
) -> AnyView {
    view! {
        <Title text=title.clone() />
        <header>
            <h1>{title}</h1>
            <Pulse />
            {children.map(|children| children())}
        </header>
    }
    .into_any()
}
