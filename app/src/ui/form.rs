//! Parts of forms: a field with its name and a hint, a box to tick, the way in, the end, and what was
//! refused.

use leptos::prelude::*;

use super::{ForOperators, actions::Deed};

/// `children` are the field itself.
#[component]
pub fn Field(
    #[prop(into)] label: String,
    #[prop(optional, into)] hint: Option<String>,
    children: Children,
) -> AnyView {
    view! {
        <label class="field">
            <span>{label}</span>
            {children()}
            {hint.map(|hint| view! { <small>{hint}</small> })}
        </label>
    }
    .into_any()
}

#[component]
pub fn Tick(name: &'static str, label: &'static str, hint: &'static str, checked: bool) -> AnyView {
    view! {
        <label class="tick">
            <input type="checkbox" name=name value="on" checked=checked />
            <span>
                <b>{label}</b>
                <small>{hint}</small>
            </span>
        </label>
    }
    .into_any()
}

/// The end of a form: it is sent, or left by the way back.
#[component]
pub fn FormEnd(
    #[prop(into)] pending: Signal<bool>,
    label: &'static str,
    back: &'static str,
) -> AnyView {
    view! {
        <div class="row">
            <button class="btn main" disabled=pending>
                {label}
            </button>
            <a class="btn" href=back>
                "Cancel"
            </a>
        </div>
    }
    .into_any()
}

/// The way to the form for a new one, while `wanted`.
#[component]
pub fn NewLink(
    #[prop(into)] wanted: Signal<bool>,
    href: &'static str,
    label: &'static str,
) -> impl IntoView {
    move || {
        wanted.get().then(|| {
            view! {
                <ForOperators>
                    <a class="btn main" href=href>
                        {label}
                    </a>
                </ForOperators>
            }
        })
    }
}

/// Why the form was refused, where it was filled in.
#[component]
pub fn Refusal<F: Deed>(action: ServerAction<F>) -> impl IntoView {
    move || {
        let refused = action.value().get().and_then(Result::err);
        refused.map(|error| {
            view! {
                <p class="err" role="alert">
                    {error.to_string()}
                </p>
            }
        })
    }
}
