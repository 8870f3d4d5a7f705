//! Which dead letters to show: a plain form whose fields are the page's address.

use leptos::prelude::*;

use crate::{model::LetterFilter, ui::FilterField};

#[component]
pub fn FilterBar(filter: Memo<LetterFilter>) -> AnyView {
    let text = move |read: fn(LetterFilter) -> Option<String>| {
        Signal::derive(move || read(filter.get()).unwrap_or_default())
    };
    // What is chosen elsewhere on the page stays chosen.
    let kept = move || {
        let LetterFilter { group, bulk, .. } = filter.get();
        let kept = [("group", group), ("bulk", bulk)].into_iter();
        kept.filter_map(|(name, value)| {
            let value = value?;
            Some(view! { <input type="hidden" name=name value=value /> })
        })
        .collect::<Vec<_>>()
    };
    let narrows = move || filter.with(LetterFilter::narrows);
    view! {
        <form class="bar" method="get" action="/dead-letters" role="search">
            {kept} <FilterField label="Event type" name="eventType" hint="order.*" value=text(|f| f.event_type) />
            <FilterField label="Source" name="source" hint="any" value=text(|f| f.source) />
            <button class="btn">"Filter"</button>
            {move || narrows().then(|| view! { <a class="clear" href="/dead-letters">"Clear"</a> })}
        </form>
    }
    .into_any()
}
