//! Which dead letters to show: a plain form whose fields are the page's address.

use leptos::prelude::*;

use crate::model::LetterFilter;

#[component]
pub fn FilterBar(filter: LetterFilter) -> AnyView {
    let narrows = filter.narrows();
    let kept = [("group", filter.group), ("bulk", filter.bulk)];
    let kept: Vec<_> = kept
        .into_iter()
        .filter_map(|(name, value)| {
            let value = value?;
            Some(view! { <input type="hidden" name=name value=value /> })
        })
        .collect();
    view! {
        <form class="bar" method="get" action="/dead-letters" role="search">
            {kept} <Text label="Event type" name="eventType" hint="order.*" value=filter.event_type />
            <Text label="Source" name="source" hint="any" value=filter.source />
            <button class="btn">"Filter"</button>
            {narrows.then(|| view! { <a class="clear" href="/dead-letters">"Clear"</a> })}
        </form>
    }
    .into_any()
}

#[component]
fn Text(
    label: &'static str,
    name: &'static str,
    hint: &'static str,
    value: Option<String>,
) -> AnyView {
    let on = value.is_some();
    view! {
        <label class="chip" class:on=on>
            <span>{label}</span>
            <input
                name=name
                placeholder=hint
                value=value.unwrap_or_default()
                autocomplete="off"
                spellcheck="false"
            />
        </label>
    }
    .into_any()
}
