//! Taking back what was just done: the call that does the opposite.

use leptos::prelude::*;

use super::Actions;
use crate::{
    api::{ChangeRole, HoldEvent, MarkFailed, MuteAlert, ReleaseEvent, SwitchWorkflow},
    model::{Muted, Released, RoleGiven, Switched},
};

#[derive(Clone, Debug)]
pub enum Undo {
    Fail(MarkFailed),
    Hold(HoldEvent),
    Release(ReleaseEvent),
    Switch(SwitchWorkflow),
    Mute(MuteAlert),
    Role(ChangeRole),
}

impl Undo {
    pub fn resolved(event: String) -> Self {
        Self::Fail(MarkFailed { id: event })
    }

    pub fn held(event: String) -> Self {
        Self::Release(ReleaseEvent { id: event, note: String::new() })
    }

    /// It is held again for the same reason.
    pub fn released(Released { id, note }: Released) -> Self {
        Self::Hold(HoldEvent { id, note })
    }

    pub fn switched(Switched { id, on, .. }: Switched) -> Self {
        Self::Switch(SwitchWorkflow { id, on: !on })
    }

    /// It is muted for as long as it would have been, or speaks again.
    pub fn muted(Muted { id, before, .. }: Muted) -> Self {
        Self::Mute(MuteAlert { id, length: before })
    }

    pub fn role_given(RoleGiven { id, before, .. }: RoleGiven) -> Self {
        Self::Role(ChangeRole { id, role: before })
    }

    fn start(self, actions: Actions) {
        match self {
            Self::Fail(call) => drop(actions.fail.dispatch(call)),
            Self::Hold(call) => drop(actions.hold.dispatch(call)),
            Self::Release(call) => drop(actions.release.dispatch(call)),
            Self::Switch(call) => drop(actions.switch.dispatch(call)),
            Self::Mute(call) => drop(actions.mute.dispatch(call)),
            Self::Role(call) => drop(actions.role.dispatch(call)),
        }
    }
}

/// Stands in a notice, which is there only once the page is alive: so it is no form.
#[component]
pub fn UndoButton(undo: Undo) -> impl IntoView {
    let actions: Actions = expect_context();
    view! {
        <button type="button" class="link undo" on:click=move |_| undo.clone().start(actions)>
            "Undo"
        </button>
    }
}
