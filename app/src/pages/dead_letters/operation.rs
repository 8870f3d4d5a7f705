//! Operations on many events as they come on: a bar, a way to end it, and what failed again.

use std::cmp::Reverse;

use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

use crate::{
    api::{CancelBulk, ResumeBulk, StartBulk},
    live::Live,
    model::{BulkState, BulkView},
    ui::{CallButton, ForOperators, Notice, announce, sorted::Sorted},
};

/// What can be done about operations.
#[derive(Clone, Copy)]
pub struct Doing {
    pub start: ServerAction<StartBulk>,
    cancel: ServerAction<CancelBulk>,
    resume: ServerAction<ResumeBulk>,
    /// The operations as they were fetched last.
    fetched: RwSignal<Vec<BulkView>>,
}

impl Doing {
    pub fn provide() -> Self {
        let doing = Self {
            start: ServerAction::new(),
            cancel: ServerAction::new(),
            resume: ServerAction::new(),
            fetched: RwSignal::default(),
        };
        announce(doing.start, |_| Notice::done("It is under way."));
        announce(doing.cancel, |()| Notice::done("Cancelled. What is done stays done."));
        announce(doing.resume, |()| Notice::done("It goes on."));
        let navigate = use_navigate();
        Effect::new(move |_| {
            if let Some(Ok(id)) = doing.start.value().get() {
                navigate(&format!("/dead-letters?op={id}"), Default::default());
            }
        });
        doing
    }
}

#[component]
pub fn Operations(operations: Vec<BulkView>, doing: Doing, page: Owner) -> AnyView {
    doing.fetched.set(operations.clone());
    if operations.is_empty() {
        return ().into_any();
    }
    // A button stays with its operation while others begin and end.
    let lines = Sorted::new(
        operations,
        |operation| Reverse(operation.id.clone()),
        page,
        move |operation| view! { <OperationLine operation doing /> }.into_any(),
    );
    view! { <div class="operations">{lines}</div> }.into_any()
}

/// `Retrying: 120 of 500`.
fn told(operation: &BulkView) -> String {
    let BulkView { action, done, total, .. } = operation;
    let (doing, what) = (action.label(), action.done());
    match operation.state {
        BulkState::Planned => format!("{doing}: about to begin with {total} events"),
        BulkState::Running => format!("{doing}: {done} of {total}"),
        BulkState::Paused => {
            format!("{doing}: {done} of {total}, waiting for the first ones to settle")
        }
        BulkState::Finished => format!("{} of {total} events {what}", operation.succeeded),
        BulkState::Cancelled => format!("{doing}: cancelled after {done} of {total}"),
        BulkState::Stopped => {
            let reason = operation.reason.as_deref().unwrap_or("it could not go on");
            format!("{doing}: stopped after {done} of {total}, because {reason}")
        }
    }
}

fn besides(operation: &BulkView) -> String {
    let mut said = Vec::new();
    if operation.skipped > 0 {
        said.push(format!("{} had changed or gone", operation.skipped));
    }
    if operation.failed > 0 {
        said.push(format!("{} could not be done", operation.failed));
    }
    said.join(", ")
}

#[component]
fn OperationLine(operation: BulkView, doing: Doing) -> AnyView {
    let live = expect_context::<Live>();
    let id = operation.id.clone();
    let own = id.clone();
    // What was fetched last, or what has been pushed since.
    let current = Memo::new(move |_| {
        let fetched = doing.fetched.with(|all| all.iter().find(|one| one.id == own).cloned());
        let fetched = fetched.unwrap_or_else(|| operation.clone());
        let pushed = live.bulk.get().filter(|pushed| pushed.id == own);
        match pushed {
            Some(pushed) if pushed.done >= fetched.done => {
                BulkView { failed_again: pushed.failed_again.max(fetched.failed_again), ..pushed }
            }
            _ => fetched,
        }
    });
    // A change of its state is worth an interruption, each event is not.
    let spoken = Memo::new(move |before: Option<&(BulkState, String)>| {
        current.with(|operation| match before {
            Some((state, said)) if *state == operation.state => (*state, said.clone()),
            _ => (operation.state, told(operation)),
        })
    });
    let state = move || current.with(|operation| operation.state);
    let percent = move || current.with(BulkView::percent);
    let (cancelled, resumed, again) = (id.clone(), id.clone(), id.clone());
    view! {
        <section class="operation" data-bulk-id=id aria-label="Operation">
            <div class="row">
                <b data-state=move || state().name()>{move || current.with(told)}</b>
                <span class="unseen" role="status">
                    {move || spoken.get().1}
                </span>
                <span class="dim">{move || current.with(besides)}</span>
            </div>
            <progress max="100" value=percent prop:value=percent aria-label="How far it has come"></progress>
            <div class="row">
                {move || {
                    let failed = current.with(|operation| operation.failed_again);
                    let href = format!("/dead-letters?bulk={again}&op={again}");
                    (failed > 0)
                        .then(|| {
                            view! {
                                <a class="ref" href=href>
                                    {format!("{failed} failed again")}
                                </a>
                            }
                        })
                }}
                <ForOperators>
                {move || {
                    let id = cancelled.clone();
                    let state = state();
                    (state.is_open() || state == BulkState::Stopped)
                        .then(|| {
                            view! {
                                <CallButton action=doing.cancel id>
                                    "Cancel"
                                </CallButton>
                            }
                        })
                }}
                {move || {
                    let id = resumed.clone();
                    (state() == BulkState::Stopped)
                        .then(|| {
                            view! {
                                <CallButton action=doing.resume id main=true>
                                    "Resume"
                                </CallButton>
                            }
                        })
                }}
                </ForOperators>
            </div>
        </section>
    }
    .into_any()
}
