//! Keeping an event from being removed, and letting it go.

use leptos::prelude::*;

use crate::{
    model::HoldView,
    ui::{Actions, CallButton, CallForm, Confirm, ForOperators, Moment},
};

#[component]
pub fn HoldButton(id: String) -> AnyView {
    let hold = expect_context::<Actions>().hold;
    view! {
        <ForOperators>
            <Confirm
                id="hold"
                calm=true
                label="Hold"
                title="Hold this event?"
                text="Neither retention nor a deletion nor an erasure takes it until it is released."
            >
                <CallForm action=hold class="resolve-form">
                    <input type="hidden" name="id" value=id />
                    <input name="note" maxlength="2000" placeholder="Why, if any" aria-label="Why" />
                    <button class="btn main">"Hold event"</button>
                </CallForm>
            </Confirm>
        </ForOperators>
    }
    .into_any()
}

/// Who holds it, and the way out.
#[component]
pub fn Holding(id: String, hold: HoldView) -> AnyView {
    let release = expect_context::<Actions>().release;
    let HoldView { at, by, note } = hold;
    view! {
        <div class="held" role="group" aria-label="Held">
            <p>
                <b>"Held"</b> " by " {by} " since " <Moment at />
                {note.map(|note| view! { ": " <span>{note}</span> })}
            </p>
            <CallButton action=release id>
                "Release"
            </CallButton>
        </div>
    }
    .into_any()
}
