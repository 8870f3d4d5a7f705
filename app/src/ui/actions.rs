//! What can be done, as buttons in forms: they work before any script has run.

use leptos::{prelude::*, server_fn::ServerFn};

use super::{CallButton, CallForm, ForOperators, Icon, Notice, Notices, Undo, icon::Shape};
use crate::{
    ApiError,
    api::{
        CancelRun, ChangeRole, HoldEvent, MarkFailed, MarkProcessed, MuteAlert, ReleaseEvent,
        ReplayEvent, RetryEvent, SwitchWorkflow,
    },
    model::{Muted, RoleGiven, Switched},
};

/// What can be done on several pages, or taken back on any, and when something has last succeeded.
#[derive(Clone, Copy)]
pub struct Actions {
    replay: ServerAction<ReplayEvent>,
    retry: ServerAction<RetryEvent>,
    resolve: ServerAction<MarkProcessed>,
    pub fail: ServerAction<MarkFailed>,
    cancel: ServerAction<CancelRun>,
    pub hold: ServerAction<HoldEvent>,
    pub release: ServerAction<ReleaseEvent>,
    pub switch: ServerAction<SwitchWorkflow>,
    pub mute: ServerAction<MuteAlert>,
    pub role: ServerAction<ChangeRole>,
    /// Grows with each success: pages fetch again.
    pub done: RwSignal<u32>,
}

impl Actions {
    pub fn provide() {
        let actions = Self {
            replay: ServerAction::new(),
            retry: ServerAction::new(),
            resolve: ServerAction::new(),
            fail: ServerAction::new(),
            cancel: ServerAction::new(),
            hold: ServerAction::new(),
            release: ServerAction::new(),
            switch: ServerAction::new(),
            mute: ServerAction::new(),
            role: ServerAction::new(),
            done: RwSignal::new(0),
        };
        provide_context(actions);
        announce(actions.replay, |id| {
            Notice::done("Replayed as a new event.").with_link(format!("/events/{id}"), "Open it")
        });
        announce(actions.retry, |()| Notice::done("Its failed runs start again."));
        announce(actions.cancel, |()| Notice::done("The run is cancelled."));
        announce(actions.resolve, |id| {
            Notice::done("Marked as processed.").with_undo(Undo::resolved(id))
        });
        announce(actions.fail, |()| Notice::done("It is among the dead letters again."));
        announce(actions.hold, |id| {
            Notice::done("Held: nobody can remove it.").with_undo(Undo::held(id))
        });
        announce(actions.release, |released| {
            Notice::done("Released: it can be removed again.").with_undo(Undo::released(released))
        });
        announce(actions.switch, |switched| {
            Notice::done(told_switched(&switched)).with_undo(Undo::switched(switched))
        });
        announce(actions.mute, |muted| {
            Notice::done(told_muted(&muted)).with_undo(Undo::muted(muted))
        });
        announce(actions.role, |given| {
            Notice::done(told_role(&given)).with_undo(Undo::role_given(given))
        });
    }
}

fn told_switched(Switched { name, on, .. }: &Switched) -> String {
    match on {
        true => format!("{name} is on: events that match start it again."),
        false => {
            format!("{name} is off: events that match do not start it. Runs that have begun go on.")
        }
    }
}

fn told_muted(Muted { name, length, .. }: &Muted) -> String {
    match length.as_str() {
        "" => format!("{name} is not muted any more."),
        // What was left of it when it was taken back is counted in milliseconds.
        left if left.ends_with("ms") => format!("{name} is muted again, as it was."),
        length => format!("{name} is muted for {length}."),
    }
}

fn told_role(RoleGiven { email, role, before, .. }: &RoleGiven) -> String {
    format!("{email} is {role} from their next click on; before: {before}.")
}

/// What a server function must be to be an action here.
pub trait Deed:
    ServerFn<Output = Self::Answer, Error = ApiError> + Clone + Send + Sync + 'static
{
    type Answer: Clone + Send + Sync + 'static;
}

impl<F> Deed for F
where
    F: ServerFn<Error = ApiError> + Clone + Send + Sync + 'static,
    F::Output: Clone + Send + Sync + 'static,
{
    type Answer = F::Output;
}

/// Says on the notice line what an action did; after each success pages fetch again.
pub fn announce<F: Deed>(action: ServerAction<F>, success: impl Fn(F::Answer) -> Notice + 'static) {
    let done = expect_context::<Actions>().done;
    tell(action, move |answer| {
        done.update(|count| *count += 1);
        success(answer)
    });
}

/// Says on the notice line what an action did.
pub fn tell<F: Deed>(action: ServerAction<F>, success: impl Fn(F::Answer) -> Notice + 'static) {
    let notices = expect_context::<Notices>();
    Effect::new(move |_| match action.value().get() {
        None => {}
        Some(Err(error)) => notices.show(Notice::failed(&error)),
        Some(Ok(answer)) => notices.show(success(answer)),
    });
}

/// The form of all the [`ReplayIcon`]s of a page.
#[component]
pub fn ReplayForm() -> AnyView {
    let Actions { replay, .. } = expect_context();
    view! {
        <ForOperators>
            <CallForm action=replay id=REPLAY_FORM>""</CallForm>
        </ForOperators>
    }
    .into_any()
}

const REPLAY_FORM: &str = "replay";

/// Of lists that are long or quick: one element, and no form of its own.
#[component]
pub fn ReplayIcon(#[prop(into)] id: String) -> AnyView {
    view! {
        <ForOperators>
            <button
                class="icon-btn replay"
                form=REPLAY_FORM
                name="id"
                value=id
                data-row-key="r"
                aria-label="Replay"
                title="Replay"
            ></button>
        </ForOperators>
    }
    .into_any()
}

#[component]
pub fn ReplayButton(#[prop(into)] id: String, #[prop(optional)] main: bool) -> AnyView {
    let Actions { replay, .. } = expect_context();
    view! {
        <CallButton action=replay id main key="r">
            <Icon shape=Shape::Replay />
            "Replay"
        </CallButton>
    }
    .into_any()
}

/// With the workflows that the event started when it came, in the versions of then.
#[component]
pub fn ReplayOriginalButton(#[prop(into)] id: String) -> AnyView {
    let Actions { replay, .. } = expect_context();
    let busy = move || replay.pending().get();
    view! {
        <ForOperators>
            <CallForm action=replay class="inline">
                <input type="hidden" name="id" value=id />
                <input type="hidden" name="original" value="1" />
                <button
                    class="btn"
                    disabled=busy
                    title="Replays the event with the workflows that it started, in the versions of then"
                >
                    "Run as it was"
                </button>
            </CallForm>
        </ForOperators>
    }
    .into_any()
}

#[component]
pub fn RetryButton(#[prop(into)] id: String, #[prop(optional)] main: bool) -> AnyView {
    let Actions { retry, .. } = expect_context();
    view! {
        <CallButton action=retry id main row_key="r">
            "Retry"
        </CallButton>
    }
    .into_any()
}

/// With room for a word to those who look later.
#[component]
pub fn ResolveNoting(#[prop(into)] id: String) -> AnyView {
    let Actions { resolve, .. } = expect_context();
    let busy = move || resolve.pending().get();
    view! {
        <ForOperators>
            <CallForm action=resolve class="resolve-form">
                <input type="hidden" name="id" value=id />
                <input name="note" maxlength="2000" placeholder="Note, if any" aria-label="Note" />
                <button class="btn" disabled=busy>
                    "Mark processed"
                </button>
            </CallForm>
        </ForOperators>
    }
    .into_any()
}

#[component]
pub fn CancelRunButton(#[prop(into)] id: String) -> AnyView {
    let Actions { cancel, .. } = expect_context();
    view! {
        <CallButton action=cancel id>
            "Cancel run"
        </CallButton>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_says_what_happened_and_its_undo_is_the_opposite() {
        let off = Switched { id: "wfl_1".into(), name: "Notify".into(), on: false };
        assert!(told_switched(&off).starts_with("Notify is off"));
        assert!(matches!(Undo::switched(off), Undo::Switch(SwitchWorkflow { on: true, .. })));

        let muted = |length: &str, before: &str| Muted {
            id: "alr_1".into(),
            name: "Orders fail".into(),
            length: length.into(),
            before: before.into(),
        };
        assert_eq!(told_muted(&muted("8h", "")), "Orders fail is muted for 8h.");
        assert_eq!(told_muted(&muted("", "")), "Orders fail is not muted any more.");
        assert_eq!(told_muted(&muted("81ms", "")), "Orders fail is muted again, as it was.");
        let length = |undo| match undo {
            Undo::Mute(MuteAlert { length, .. }) => length,
            other => panic!("{other:?}"),
        };
        assert_eq!(length(Undo::muted(muted("8h", ""))), "");
        assert_eq!(length(Undo::muted(muted("", "3600000ms"))), "3600000ms");

        let given = RoleGiven {
            id: "usr_1".into(),
            email: "ada@example.test".into(),
            role: "viewer".into(),
            before: "operator".into(),
        };
        assert!(told_role(&given).starts_with("ada@example.test is viewer"));
        let undone = Undo::role_given(given);
        assert!(matches!(undone, Undo::Role(ChangeRole { role, .. }) if role == "operator"));
    }
}
