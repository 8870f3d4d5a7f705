//! The heading of a plain table.

use leptos::prelude::*;

/// One column for each name; with `acted` one more for buttons, whose name is only heard.
#[component]
pub fn Columns(names: &'static [&'static str], #[prop(optional)] acted: bool) -> AnyView {
    let names: Vec<_> = names.iter().map(|name| view! { <th>{*name}</th> }).collect();
    let acted = acted.then(|| {
        view! {
            <th>
                <span class="unseen">"Actions"</span>
            </th>
        }
    });
    view! {
        <thead>
            <tr>{names} {acted}</tr>
        </thead>
    }
    .into_any()
}
