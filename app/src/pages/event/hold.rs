//! Keeping an event from being removed, and letting it go.

use leptos::prelude::*;

use crate::{
    api::{HoldEvent, ReleaseEvent},
    model::{HoldView, Released},
    ui::{CallButton, CallForm, Confirm, ForOperators, Moment, Notice, announce},
};

/// The page's own: what is below is drawn anew whenever the event changes.
#[derive(Clone, Copy)]
pub struct Holds {
    hold: ServerAction<HoldEvent>,
    release: ServerAction<ReleaseEvent>,
}

impl Holds {
    pub fn provide() {
        let holds = Self { hold: ServerAction::new(), release: ServerAction::new() };
        provide_context(holds);
        announce(holds.hold, move |id| {
            let back = let_go(id);
            Notice::done("Held: nobody can remove it.")
                .with_undo(move || drop(holds.release.dispatch(back.clone())))
        });
        announce(holds.release, move |released| {
            let back = held_again(released);
            Notice::done("Released: it can be removed again.")
                .with_undo(move || drop(holds.hold.dispatch(back.clone())))
        });
    }
}

fn let_go(id: String) -> ReleaseEvent {
    ReleaseEvent { id, note: String::new() }
}

/// For the same reason.
fn held_again(Released { id, note }: Released) -> HoldEvent {
    HoldEvent { id, note }
}

#[component]
pub fn HoldButton(id: String) -> AnyView {
    let Holds { hold, .. } = expect_context();
    view! {
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
    }
    .into_any()
}

/// Who holds it, and the way out.
#[component]
pub fn Holding(id: String, hold: HoldView) -> AnyView {
    let Holds { release, .. } = expect_context();
    let HoldView { at, by, note } = hold;
    view! {
        <div class="held" role="group" aria-label="Held">
            <p>
                <b>"Held"</b> " by " {by} " since " <Moment at />
                {note.map(|note| view! { ": " <span>{note}</span> })}
            </p>
            <ForOperators>
                <CallButton action=release id>
                    "Release"
                </CallButton>
            </ForOperators>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_let_go_and_held_again_for_the_same_reason() {
        assert_eq!(let_go("evt_1".into()).id, "evt_1");
        let again = held_again(Released { id: "evt_1".into(), note: "court".into() });
        assert_eq!((again.id.as_str(), again.note.as_str()), ("evt_1", "court"));
    }
}
