//! Turning a workflow on and off, and taking that back.

use leptos::prelude::*;

use crate::{
    api::SwitchWorkflow,
    model::Switched,
    ui::{CallForm, undoable},
};

/// To be made by a page: what lists or shows workflows is drawn anew when one is switched.
pub fn switching() -> ServerAction<SwitchWorkflow> {
    undoable(told, back)
}

fn told(Switched { name, on, .. }: &Switched) -> String {
    match on {
        true => format!("{name} is on: events that match start it again."),
        false => {
            format!("{name} is off: events that match do not start it. Runs that have begun go on.")
        }
    }
}

fn back(Switched { id, on, .. }: Switched) -> SwitchWorkflow {
    SwitchWorkflow { id, on: !on }
}

#[component]
pub fn Standing(on: bool) -> AnyView {
    let (class, state) = if on { ("s on", "On") } else { ("s off", "Off") };
    view! { <span class=class>{state}</span> }.into_any()
}

#[component]
pub fn SwitchButton(
    id: String,
    on: bool,
    /// Where there are several, whose it is.
    #[prop(optional, into)]
    named: Option<String>,
    switch: ServerAction<SwitchWorkflow>,
) -> AnyView {
    let (turn, say) = if on { ("false", "Turn off") } else { ("true", "Turn on") };
    let label = named.map(|name| format!("{say} {name}"));
    view! {
        <CallForm action=switch class="inline">
            <input type="hidden" name="id" value=id />
            <input type="hidden" name="on" value=turn />
            <button class="btn" aria-label=label>
                {say}
            </button>
        </CallForm>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notice_says_what_happened_and_its_undo_is_the_opposite() {
        let off = Switched { id: "wfl_1".into(), name: "Notify".into(), on: false };
        assert!(told(&off).starts_with("Notify is off"));
        assert!(matches!(back(off), SwitchWorkflow { on: true, .. }));
    }
}
