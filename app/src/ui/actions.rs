//! What can be done, as buttons in forms: they work before any script has run.

use leptos::{prelude::*, server_fn::ServerFn};

use super::{CallButton, CallForm, ForOperators, Icon, Notice, Notices, icon::Shape};
use crate::{
    ApiError,
    api::{CancelRun, MarkFailed, MarkProcessed, ReplayEvent, RetryEvent},
};

/// What can be done on several pages, and when something has last succeeded.
#[derive(Clone, Copy)]
pub struct Actions {
    replay: ServerAction<ReplayEvent>,
    retry: ServerAction<RetryEvent>,
    resolve: ServerAction<MarkProcessed>,
    fail: ServerAction<MarkFailed>,
    cancel: ServerAction<CancelRun>,
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
            done: RwSignal::new(0),
        };
        provide_context(actions);
        announce(actions.replay, |id| {
            Notice::done("Replayed as a new event.").with_link(format!("/events/{id}"), "Open it")
        });
        announce(actions.retry, |()| Notice::done("Its failed runs start again."));
        announce(actions.cancel, |()| Notice::done("The run is cancelled."));
        announce(actions.resolve, move |id| {
            Notice::done("Marked as processed.")
                .with_undo(move || drop(actions.fail.dispatch(MarkFailed { id: id.clone() })))
        });
        announce(actions.fail, |()| Notice::done("It is among the dead letters again."));
    }
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

/// A page's action: a notice says what it did, and offers `back`, the same action the other way.
pub fn undoable<F: Deed + Clone>(
    told: fn(&F::Answer) -> String,
    back: fn(F::Answer) -> F,
) -> ServerAction<F> {
    let action = ServerAction::new();
    announce(action, move |answer| {
        let (told, back) = (told(&answer), back(answer));
        Notice::done(told).with_undo(move || drop(action.dispatch(back.clone())))
    });
    action
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
            <CallForm action=resolve class="resolve-form">
                <input type="hidden" name="id" value=id />
                <input name="note" maxlength="2000" placeholder="Note, if any" aria-label="Note" />
                <button class="btn" disabled=busy>
                    "Mark processed"
                </button>
            </CallForm>
    }
    .into_any()
}

#[component]
pub fn CancelRunButton(#[prop(into)] id: String) -> AnyView {
    let Actions { cancel, .. } = expect_context();
    view! {
        <ForOperators>
            <CallButton action=cancel id>
                "Cancel run"
            </CallButton>
        </ForOperators>
    }
    .into_any()
}
