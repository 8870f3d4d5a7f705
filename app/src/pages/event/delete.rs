//! Removing the event.

use leptos::prelude::*;

use crate::{
    api::DeleteEvent,
    ui::{CallForm, Confirm},
};

#[component]
pub fn DeleteButton(id: String, delete: ServerAction<DeleteEvent>) -> AnyView {
    view! {
        <Confirm
            id="delete-event"
            label="Delete"
            title="Delete this event?"
            text="It goes with its payload, runs and attempts, and cannot come back."
        >
            <CallForm action=delete class="inline">
                <input type="hidden" name="id" value=id />
                <button class="btn danger">"Delete event"</button>
            </CallForm>
        </Confirm>
    }
    .into_any()
}
