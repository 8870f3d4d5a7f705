//! Events that failed for good, and what can still be done for them.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::list_dead_letters,
    live::Live,
    model::{DeadLetter, Page},
    ui::{Actions, EventTypeName, Header, Moment, Problem, ResolveButton, RetryButton},
};

#[component]
pub fn DeadLettersPage() -> impl IntoView {
    let query = use_query_map();
    let cursor = Memo::new(move |_| query.with(|query| query.get("cursor")));
    let live = expect_context::<Live>();
    let changed = live.hints(Signal::stored("status=failed".to_owned()));
    let done = expect_context::<Actions>().done;
    // Those that leave the list are not among the failed any more; their number tells.
    let count = Memo::new(move |_| live.stats.get().map(|stats| stats.counts.failed));
    let letters = Resource::new(
        move || (cursor.get(), changed.get(), done.get(), count.get()),
        |(cursor, ..)| list_dead_letters(cursor),
    );
    view! {
        <Header title="Dead letters" />
        <div class="scroll">
            <Transition>
                {move || Suspend::new(async move {
                    match letters.await {
                        Ok(page) => view! { <Letters page /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </div>
    }
}

#[component]
fn Letters(page: Page<DeadLetter>) -> impl IntoView {
    if page.items.is_empty() {
        return view! {
            <section class="empty">
                <h2>"No dead letters"</h2>
                <p>
                    "Every event reached its end. An event comes here when a workflow run has used up \
                     its retries; nothing is lost, and it can be retried from here."
                </p>
            </section>
        }
        .into_any();
    }
    let letters: Vec<_> =
        page.items.into_iter().map(|letter| view! { <Letter letter /> }).collect();
    view! {
        <ul class="letters" aria-label="Dead letters">
            {letters}
        </ul>
        <div class="more-bar">
            {page
                .next_cursor
                .map(|cursor| {
                    let href = format!("/dead-letters?cursor={cursor}");
                    view! {
                        <a class="btn" href=href>
                            "Load older"
                        </a>
                    }
                })}
        </div>
    }
    .into_any()
}

#[component]
fn Letter(letter: DeadLetter) -> AnyView {
    let DeadLetter { id, event_type, source, attempts, error, failed_at, workflow, .. } = letter;
    let place = match (workflow, error.step) {
        (Some(workflow), Some(step)) => format!("{}, step {step}", workflow.name),
        (Some(workflow), None) => workflow.name,
        (None, Some(step)) => format!("Step {step}"),
        (None, None) => error.error_code,
    };
    let tried = match attempts {
        1 => "1 attempt".to_owned(),
        count => format!("{count} attempts"),
    };
    view! {
        <li class="group" data-event-id=id.clone()>
            <div class="what">
                <a href=format!("/events/{id}")>
                    <b>{error.error_message}</b>
                </a>
                <div>{place}</div>
            </div>
            <div class="which">
                <EventTypeName name=event_type />
                <div>{source}</div>
            </div>
            <span class="tried">{tried}</span>
            <span class="m">
                <Moment at=failed_at />
            </span>
            <div class="row">
                <RetryButton id=id.clone() />
                <ResolveButton id=id.clone() />
            </div>
        </li>
    }
    .into_any()
}
