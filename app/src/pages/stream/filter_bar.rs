//! What to show: a plain form whose fields are the page's address.

use leptos::{html, prelude::*};

use super::address;
use crate::{
    ApiError,
    model::{EventFilter, EventStatus},
    ui::{FilterChoice, FilterField, Stretch, narrowing, sending},
};

#[component]
pub fn FilterBar(
    filter: Memo<EventFilter>,
    follow: RwSignal<bool>,
    folded: RwSignal<u64>,
    types: Resource<Result<Vec<String>, ApiError>>,
) -> AnyView {
    let form = NodeRef::<html::Form>::new();
    let narrow = narrowing(form, |said| address(&EventFilter::read(said)));
    let (send, choose) = (sending(narrow.clone()), narrow.clone());
    let text = move |read: fn(EventFilter) -> Option<String>| {
        Signal::derive(move || read(filter.get()).unwrap_or_default())
    };
    let statuses = EventStatus::ALL.map(|status| (status.name(), status.label()));
    view! {
        <form
            class="bar"
            method="get"
            action="/"
            role="search"
            node_ref=form
            on:submit=send
        >
            <FilterField
                label="Event type"
                name="eventType"
                hint="**"
                value=text(|f| f.event_type)
                list=TYPES
            />
            <Types types />
            <FilterField label="Source" name="source" hint="any" value=text(|f| f.source) />
            <FilterChoice
                label="Status"
                name="status"
                options=statuses.to_vec()
                chosen=text(|f| f.status.map(|status| status.name().to_owned()))
                narrow=choose
            />
            <Stretch
                label="Received"
                within=text(|f| f.within)
                from=text(|f| f.from)
                to=text(|f| f.to)
                narrow
            />
            <FilterField label="Event ID" name="q" hint="evt_…" value=text(|f| f.q) />
            <FilterField
                label="Payload"
                name="search"
                hint="text, order.total = 12"
                value=text(|f| f.search)
            />
            <button class="btn">"Filter"</button>
            {move || {
                filter.get().narrows().then(|| view! { <a class="clear" href="/">"Clear"</a> })
            }}
            <Folded folded />
            <FollowSwitch follow />
        </form>
    }
    .into_any()
}

/// The name of the suggested event types.
const TYPES: &str = "event-types";

/// What the field of event types suggests: `order.*` before its types, as they came lately.
#[component]
fn Types(types: Resource<Result<Vec<String>, ApiError>>) -> AnyView {
    view! {
        <Suspense>
            {move || {
                let types = suggestions(types.get()?.unwrap_or_default());
                let options: Vec<_> =
                    types.into_iter().map(|name| view! { <option value=name></option> }).collect();
                Some(view! { <datalist id=TYPES>{options}</datalist> })
            }}
        </Suspense>
    }
    .into_any()
}

/// Sorted types, each family of several with its pattern.
fn suggestions(types: Vec<String>) -> Vec<String> {
    let family = |name: &str| name.rsplit_once('.').map(|(family, _)| format!("{family}.*"));
    let mut all = Vec::with_capacity(types.len());
    for (at, name) in types.iter().enumerate() {
        if let Some(pattern) = family(name)
            && !all.contains(&pattern)
            && types[at + 1..].iter().any(|other| family(other).as_ref() == Some(&pattern))
        {
            all.push(pattern);
        }
        all.push(name.clone());
    }
    all
}

/// After a burst the list shows its newest events only, and says so.
#[component]
fn Folded(folded: RwSignal<u64>) -> impl IntoView {
    move || {
        let count = folded.get();
        (count > 0).then(|| {
            view! {
                <span class="folded" title="They are stored: load older shows them.">
                    {count}
                    " came too fast to list"
                </span>
            }
        })
    }
}

#[component]
fn FollowSwitch(follow: RwSignal<bool>) -> impl IntoView {
    view! {
        <label class="switch needs-script">
            "Follow new events"
            <input
                type="checkbox"
                role="switch"
                checked
                prop:checked=follow
                on:change=move |event| follow.set(event_target_checked(&event))
            />
            <i aria-hidden="true"></i>
        </label>
    }
}

#[cfg(test)]
mod tests {
    use super::suggestions;

    #[test]
    fn a_family_of_several_types_is_suggested_as_a_pattern() {
        let types = ["a", "order.created", "order.item.added", "order.paid", "push.made"];
        let suggested = suggestions(types.map(str::to_owned).to_vec());
        let expected =
            ["a", "order.*", "order.created", "order.item.added", "order.paid", "push.made"];
        assert_eq!(suggested, expected);
    }
}
