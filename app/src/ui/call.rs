//! Forms that call a server function: the browser sends them before any script has run, an action after.
//!
//! What is the same for every function is compiled once, and not for each of them.

use leptos::{
    ev::SubmitEvent,
    form::FromFormData,
    prelude::*,
    server_fn::error::{FromServerFnError, ServerFnErrorErr},
};
use serde::de::DeserializeOwned;

use super::actions::Deed;
use crate::ApiError;

/// The fields in it are the function's arguments by their names, the pressed button's own too.
#[component]
pub fn CallForm<F: Deed + DeserializeOwned>(
    action: ServerAction<F>,
    #[prop(optional)] class: Option<&'static str>,
    #[prop(optional)] id: Option<&'static str>,
    children: Children,
) -> AnyView {
    let send = move |event: &SubmitEvent| match F::from_event(event) {
        Ok(call) => drop(action.dispatch(call)),
        Err(error) => {
            let unread = ServerFnErrorErr::Serialization(error.to_string());
            action.value().set(Some(Err(ApiError::from_server_fn_error(unread))));
        }
    };
    form(F::url(), Box::new(send), class, id, children)
}

fn form(
    url: &'static str,
    send: Box<dyn Fn(&SubmitEvent) + Send>,
    class: Option<&'static str>,
    id: Option<&'static str>,
    children: Children,
) -> AnyView {
    let submit = move |event: SubmitEvent| {
        if !event.default_prevented() {
            event.prevent_default();
            send(&event);
        }
    };
    view! {
        <form action=url method="post" class=class id=id on:submit=submit>
            {children()}
        </form>
    }
    .into_any()
}

/// A button that does something to what has this id.
#[component]
pub fn CallButton<F: Deed + DeserializeOwned>(
    action: ServerAction<F>,
    id: String,
    #[prop(optional)] main: bool,
    /// The key that presses it.
    #[prop(optional)]
    key: Option<&'static str>,
    /// The key that presses it in the row that has the focus.
    #[prop(optional)]
    row_key: Option<&'static str>,
    children: Children,
) -> AnyView {
    let busy = action.pending();
    view! {
        <CallForm action class="inline">
            <input type="hidden" name="id" value=id />
            <button class="btn" class:main=main disabled=busy data-key=key data-row-key=row_key>
                {children()}
            </button>
        </CallForm>
    }
    .into_any()
}
