//! What can be done with an event, as buttons in forms: they work before any script has run.

use leptos::{prelude::*, server_fn::ServerFn};

use super::{Icon, Notice, Notices, icon::Shape};
use crate::{
    ApiError,
    api::{CancelRun, HoldEvent, MarkFailed, MarkProcessed, ReleaseEvent, ReplayEvent, RetryEvent},
};

/// The page's actions, and when one has last succeeded.
#[derive(Clone, Copy)]
pub struct Actions {
    replay: ServerAction<ReplayEvent>,
    retry: ServerAction<RetryEvent>,
    resolve: ServerAction<MarkProcessed>,
    pub fail: ServerAction<MarkFailed>,
    cancel: ServerAction<CancelRun>,
    pub hold: ServerAction<HoldEvent>,
    pub release: ServerAction<ReleaseEvent>,
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
            done: RwSignal::new(0),
        };
        provide_context(actions);
        let Self { replay, retry, resolve, fail, cancel, hold, release, .. } = actions;
        announce(replay, |id| {
            Notice::done("Replayed as a new event.").with_link(format!("/events/{id}"), "Open it")
        });
        announce(retry, |()| Notice::done("Its failed runs start again."));
        announce(cancel, |()| Notice::done("The run is cancelled."));
        announce(resolve, |id| Notice::done("Marked as processed.").undone_by_failing(id));
        announce(fail, |()| Notice::done("It is among the dead letters again."));
        announce(hold, |()| Notice::done("Held: nobody can remove it."));
        announce(release, |()| Notice::done("Released: it can be removed again."));
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
    view! { <ActionForm action=replay attr:id=REPLAY_FORM>""</ActionForm> }.into_any()
}

const REPLAY_FORM: &str = "replay";

/// Of lists that are long or quick: one element, and no form of its own.
#[component]
pub fn ReplayIcon(#[prop(into)] id: String) -> impl IntoView {
    view! {
        <button
            class="icon-btn replay"
            form=REPLAY_FORM
            name="id"
            value=id
            aria-label="Replay"
            title="Replay"
        ></button>
    }
}

#[component]
pub fn ReplayButton(#[prop(into)] id: String, #[prop(optional)] main: bool) -> impl IntoView {
    let Actions { replay, .. } = expect_context();
    let busy = move || replay.pending().get();
    view! {
        <ActionForm action=replay attr:class="inline">
            <input type="hidden" name="id" value=id />
            <button class="btn" class:main=main disabled=busy data-key="r">
                <Icon shape=Shape::Replay />
                "Replay"
            </button>
        </ActionForm>
    }
}

#[component]
pub fn RetryButton(#[prop(into)] id: String, #[prop(optional)] main: bool) -> impl IntoView {
    let Actions { retry, .. } = expect_context();
    let busy = move || retry.pending().get();
    view! {
        <ActionForm action=retry attr:class="inline">
            <input type="hidden" name="id" value=id />
            <button class="btn" class:main=main disabled=busy>
                "Retry"
            </button>
        </ActionForm>
    }
}

#[component]
pub fn ResolveButton(#[prop(into)] id: String) -> impl IntoView {
    let Actions { resolve, .. } = expect_context();
    let busy = move || resolve.pending().get();
    view! {
        <ActionForm action=resolve attr:class="inline">
            <input type="hidden" name="id" value=id />
            <button class="btn" disabled=busy>
                "Mark processed"
            </button>
        </ActionForm>
    }
}

/// The same with room for a word to those who look later.
#[component]
pub fn ResolveNoting(#[prop(into)] id: String) -> impl IntoView {
    let Actions { resolve, .. } = expect_context();
    let busy = move || resolve.pending().get();
    view! {
        <ActionForm action=resolve attr:class="resolve-form">
            <input type="hidden" name="id" value=id />
            <input name="note" maxlength="2000" placeholder="Note, if any" aria-label="Note" />
            <button class="btn" disabled=busy>
                "Mark processed"
            </button>
        </ActionForm>
    }
}

#[component]
pub fn CancelRunButton(#[prop(into)] id: String) -> impl IntoView {
    let Actions { cancel, .. } = expect_context();
    let busy = move || cancel.pending().get();
    view! {
        <ActionForm action=cancel attr:class="inline">
            <input type="hidden" name="id" value=id />
            <button class="btn" disabled=busy>
                "Cancel run"
            </button>
        </ActionForm>
    }
}
