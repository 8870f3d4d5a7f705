//! What to show: a plain form whose fields are the page's address.

use leptos::{html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::address;
use crate::model::{EventFilter, EventStatus};

#[component]
pub fn FilterBar(
    filter: Memo<EventFilter>,
    follow: RwSignal<bool>,
    folded: RwSignal<u64>,
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
            <Field label="Source" name="source" hint="any" value=text(|f| f.source) />
            <StatusField filter narrow />
            <Field label="Event ID" name="q" hint="evt_…" value=text(|f| f.q) />
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
    EventFilter::read(|name| data.as_ref()?.get(name).as_string())
}

#[cfg(not(feature = "hydrate"))]
fn fields<T>(_: &T) -> EventFilter {
    EventFilter::default()
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
