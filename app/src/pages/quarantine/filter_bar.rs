//! Which deliveries to show: a plain form whose fields are the page's address.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::{address, cause};
use crate::model::HeldFilter;

/// `filter` is what the deliveries below were found by, `asked` what the address asks for by now.
#[component]
pub fn FilterBar(
    filter: HeldFilter,
    asked: Memo<HeldFilter>,
    sources: Vec<(String, u64)>,
) -> AnyView {
    let known = sources.iter().any(|(name, _)| Some(name) == filter.source.as_ref());
    let stray = filter.source.clone().filter(|_| !known).map(|name| (name.clone(), name));
    let counted =
        sources.into_iter().map(|(name, count)| (name.clone(), format!("{name} ({count})")));
    let of_source = stray.into_iter().chain(counted).collect();
    let of_cause =
        cause::ALL.iter().map(|cause| (cause.code.to_owned(), cause.short.to_owned())).collect();
    let narrows = filter.narrows();
    view! {
        <form class="bar" method="get" action="/quarantine" role="search">
            <Choice
                label="Source"
                name="source"
                options=of_source
                chosen=filter.source
                asked
                narrow=|filter, source| HeldFilter { source, cursor: None, ..filter }
            />
            <Choice
                label="Cause"
                name="cause"
                options=of_cause
                chosen=filter.cause
                asked
                narrow=|filter, cause| HeldFilter { cause, cursor: None, ..filter }
            />
            <button class="btn only-plain">"Filter"</button>
            {narrows.then(|| view! { <a class="clear" href="/quarantine">"Clear"</a> })}
        </form>
    }
    .into_any()
}

/// One of `options`, each a value and its words, or any; choosing goes to where `narrow` leads.
#[component]
fn Choice(
    label: &'static str,
    name: &'static str,
    options: Vec<(String, String)>,
    chosen: Option<String>,
    asked: Memo<HeldFilter>,
    narrow: fn(HeldFilter, Option<String>) -> HeldFilter,
) -> AnyView {
    let navigate = use_navigate();
    let choose = move |event| {
        let value = Some(event_target_value(&event)).filter(|value| !value.is_empty());
        let options = NavigateOptions { scroll: false, ..Default::default() };
        navigate(&address(&narrow(asked.get_untracked(), value)), options);
    };
    let on = chosen.is_some();
    let options: Vec<_> = options
        .into_iter()
        .map(|(value, words)| {
            let selected = chosen.as_ref() == Some(&value);
            view! {
                <option value=value selected=selected>
                    {words}
                </option>
            }
        })
        .collect();
    view! {
        <label class="chip" class:on=on>
            <span>{label}</span>
            <select name=name on:change=choose>
                <option value="" selected=!on>
                    "any"
                </option>
                {options}
            </select>
        </label>
    }
    .into_any()
}
