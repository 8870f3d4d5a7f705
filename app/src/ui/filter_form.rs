//! Forms that say what a list shows: plain ones, whose fields are the page's address. With a script the page
//! goes there by itself, with times in UTC and without the blank fields.

use leptos::{ev::SubmitEvent, html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};

/// How a filter is read from the names of its fields.
pub type Said<'f> = &'f dyn Fn(&str) -> Option<String>;

/// Goes to the address that `address` makes of what the form says.
pub fn narrowing(
    form: NodeRef<html::Form>,
    address: fn(Said<'_>) -> String,
) -> impl Fn() + Clone + 'static {
    let navigate = use_navigate();
    move || {
        if let Some(form) = form.get_untracked() {
            let address = address(&said(&form));
            navigate(&address, NavigateOptions { scroll: false, ..Default::default() });
        }
    }
}

/// The same as the form is sent.
pub fn sending(narrow: impl Fn() + 'static) -> impl Fn(SubmitEvent) + 'static {
    move |event| {
        event.prevent_default();
        narrow();
    }
}

#[cfg(feature = "hydrate")]
fn said(form: &web_sys::HtmlFormElement) -> impl Fn(&str) -> Option<String> {
    let data = web_sys::FormData::new_with_form(form).ok();
    move |name| {
        let value = data.as_ref()?.get(name).as_string()?;
        match name {
            "from" | "to" => super::local_time::to_utc(&value),
            _ => Some(value),
        }
    }
}

#[cfg(not(feature = "hydrate"))]
fn said<T>(_: &T) -> impl Fn(&str) -> Option<String> {
    |_| None
}

#[component]
pub fn FilterField(
    label: &'static str,
    name: &'static str,
    hint: &'static str,
    value: Signal<String>,
    /// The id of the list that suggests values.
    #[prop(optional)]
    list: Option<&'static str>,
) -> AnyView {
    view! {
        <label class="chip" class:on=move || !value.get().is_empty()>
            <span>{label}</span>
            <input
                name=name
                list=list
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

/// One of `options`, each a value and its words, or any; `narrow` is called when another is chosen.
#[component]
pub fn FilterChoice(
    label: &'static str,
    name: &'static str,
    options: Vec<(&'static str, &'static str)>,
    chosen: Signal<String>,
    narrow: impl Fn() + 'static,
) -> AnyView {
    let options: Vec<_> = options
        .into_iter()
        .map(|(value, words)| {
            view! {
                <option value=value selected=move || chosen.with(|chosen| chosen == value)>
                    {words}
                </option>
            }
        })
        .collect();
    view! {
        <label class="chip" class:on=move || !chosen.get().is_empty()>
            <span>{label}</span>
            <select name=name prop:value=chosen on:change=move |_| narrow()>
                <option value="" selected=move || chosen.get().is_empty()>
                    "any"
                </option>
                {options}
            </select>
        </label>
    }
    .into_any()
}
