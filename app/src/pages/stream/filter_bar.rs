//! What to show: a plain form whose fields are the page's address.

use leptos::{html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::{address, local_time};
use crate::{
    ApiError,
    model::{EventFilter, EventStatus, filter::CUSTOM},
    ui::time::Hydrated,
};

#[component]
pub fn FilterBar(
    filter: Memo<EventFilter>,
    follow: RwSignal<bool>,
    folded: RwSignal<u64>,
    types: Resource<Result<Vec<String>, ApiError>>,
) -> AnyView {
    let form = NodeRef::<html::Form>::new();
    let narrow = apply(form);
    let submit = {
        let narrow = narrow.clone();
        move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            narrow();
        }
    };
    let text = move |read: fn(EventFilter) -> Option<String>| {
        Signal::derive(move || read(filter.get()).unwrap_or_default())
    };
    view! {
        <form class="bar" method="get" action="/" role="search" node_ref=form on:submit=submit>
            <Field label="Event type" name="eventType" hint="**" value=text(|f| f.event_type) />
            <Types types />
            <Field label="Source" name="source" hint="any" value=text(|f| f.source) />
            <StatusField filter narrow=narrow.clone() />
            <Received filter narrow />
            <Field label="Event ID" name="q" hint="evt_…" value=text(|f| f.q) />
            <Field
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

/// Goes to the address that the form's fields spell, without the blank ones.
fn apply(form: NodeRef<html::Form>) -> impl Fn() + Clone + 'static {
    let navigate = use_navigate();
    move || {
        if let Some(form) = form.get_untracked() {
            let filter = fields(&form);
            navigate(&address(&filter), NavigateOptions { scroll: false, ..Default::default() });
        }
    }
}

#[cfg(feature = "hydrate")]
fn fields(form: &web_sys::HtmlFormElement) -> EventFilter {
    let data = web_sys::FormData::new_with_form(form).ok();
    EventFilter::read(|name| {
        let value = data.as_ref()?.get(name).as_string()?;
        match name {
            "from" | "to" => local_time::to_utc(&value),
            _ => Some(value),
        }
    })
}

#[cfg(not(feature = "hydrate"))]
fn fields<T>(_: &T) -> EventFilter {
    EventFilter::default()
}

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

#[component]
fn Field(
    label: &'static str,
    name: &'static str,
    hint: &'static str,
    value: Signal<String>,
) -> AnyView {
    view! {
        <label class="chip" class:on=move || !value.get().is_empty()>
            <span>{label}</span>
            <input
                name=name
                data-key=(name == "eventType").then_some("/")
                list=(name == "eventType").then_some(TYPES)
                placeholder=hint
                value=value.get_untracked()
                prop:value=value
                autocomplete="off"
                spellcheck="false"
            />
        </label>
    }
    .into_any()
}

#[component]
fn StatusField(filter: Memo<EventFilter>, narrow: impl Fn() + 'static) -> AnyView {
    let chosen = move || filter.get().status;
    let options = EventStatus::ALL.map(|status| {
        view! {
            <option value=status.name() selected=move || chosen() == Some(status)>
                {status.label()}
            </option>
        }
    });
    view! {
        <label class="chip" class:on=move || chosen().is_some()>
            <span>"Status"</span>
            <select name="status" on:change=move |_| narrow()>
                <option value="" selected=move || chosen().is_none()>
                    "any"
                </option>
                {options}
            </select>
        </label>
    }
    .into_any()
}

/// Stretches of time until now, from short to long.
const STRETCHES: [(&str, &str); 5] =
    [("15m", "15 min"), ("1h", "hour"), ("24h", "24 hours"), ("7d", "7 days"), ("30d", "30 days")];

/// When it was received: a stretch until now, or two times of the reader's own clock.
#[component]
fn Received(filter: Memo<EventFilter>, narrow: impl Fn() + 'static) -> AnyView {
    let chosen = move || {
        filter.with(|filter| match (&filter.within, &filter.from, &filter.to) {
            (Some(within), ..) => within.clone(),
            (None, None, None) => String::new(),
            _ => CUSTOM.to_owned(),
        })
    };
    let options = STRETCHES.map(|(value, label)| {
        view! {
            <option value=value selected=move || chosen() == value>
                "last "
                {label}
            </option>
        }
    });
    // Two times are first to be filled in.
    let changed = move |event| {
        if event_target_value(&event) != CUSTOM {
            narrow();
        }
    };
    view! {
        <label class="chip" class:on=move || !chosen().is_empty()>
            <span>"Received"</span>
            <select name="within" on:change=changed>
                <option value="" selected=move || chosen().is_empty()>
                    "any time"
                </option>
                {options}
                <option value=CUSTOM selected=move || chosen() == CUSTOM>
                    "between …"
                </option>
            </select>
        </label>
        <Time label="From" name="from" value=Signal::derive(move || filter.get().from) />
        <Time label="To" name="to" value=Signal::derive(move || filter.get().to) />
    }
    .into_any()
}

/// Shown only while two times are asked for; the style sheet sees to that, with and without a script.
#[component]
fn Time(label: &'static str, name: &'static str, value: Signal<Option<String>>) -> AnyView {
    let hydrated = expect_context::<Hydrated>().0;
    let shown = move || {
        let value = value.get().unwrap_or_default();
        if hydrated.get() { local_time::of(&value) } else { local_time::minute(&value) }
    };
    view! {
        <label class="chip between">
            <span>{label}</span>
            <input
                type="datetime-local"
                name=name
                value=shown
                prop:value=shown
                title="In your own time once the page is alive, in UTC without a script."
            />
        </label>
    }
    .into_any()
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
