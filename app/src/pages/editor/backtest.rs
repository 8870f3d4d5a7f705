//! The text tried on events that have come, and the version in force run for real on one of them.

use leptos::prelude::*;

use super::text::Text;
use crate::{
    ApiError,
    api::{TestWorkflow, backtest_workflow},
    model::{BacktestView, EventSample},
    ui::{CallForm, ForOperators, Notice, tell},
};

/// How many of the newest events are looked at.
const LAST: u32 = 10_000;

#[component]
pub fn Trials(text: Text, id: String) -> AnyView {
    let own = id.clone();
    let backtest = Action::new(move |(): &()| {
        let (text, id) = (text.yaml.get_untracked(), own.clone());
        async move { backtest_workflow(text, LAST, id).await }
    });
    let told = move || {
        backtest.value().get().map(|answer: Result<BacktestView, ApiError>| match answer {
            Ok(result) => view! { <Told result /> }.into_any(),
            Err(error) => view! { <p class="err">{error.to_string()}</p> }.into_any(),
        })
    };
    let wrong = move || !text.problems.with(Vec::is_empty);
    view! {
        <section class="pane-part needs-script" aria-labelledby="trials">
            <h3 id="trials">"On past events"</h3>
            <div class="row">
                <button
                    type="button"
                    class="btn"
                    disabled=move || wrong() || backtest.pending().get()
                    on:click=move |_| {
                        backtest.dispatch(());
                    }
                >
                    "Backtest"
                </button>
                {(!id.is_empty()).then(|| view! { <Test text id=id.clone() /> })}
            </div>
            <div role="status" aria-label="Backtest">
                {told}
            </div>
        </section>
    }
    .into_any()
}

/// Runs what is saved, not what is being written.
#[component]
fn Test(text: Text, id: String) -> AnyView {
    let test = ServerAction::<TestWorkflow>::new();
    tell(test, move |_| {
        let event = text.event.get_untracked();
        let notice = Notice::done("The test run has begun.");
        notice.with_link(format!("/events/{event}"), "See it with its event")
    });
    view! {
        <ForOperators>
            <CallForm action=test class="inline">
                <input type="hidden" name="id" value=id />
                <input type="hidden" name="event" prop:value=move || text.event.get() />
                <button
                    class="btn"
                    title="Runs the saved version on the chosen event, for real, marked as a test."
                    disabled=move || test.pending().get() || text.event.with(String::is_empty)
                >
                    "Test run"
                </button>
            </CallForm>
        </ForOperators>
    }
    .into_any()
}

#[component]
fn Told(result: BacktestView) -> AnyView {
    let BacktestView { looked_at, matched, gained, lost, cut_short, .. } = result;
    let short = cut_short.then_some(" Time ran out before older ones were looked at.");
    view! {
        <p>
            {format!(
                "Of the last {looked_at} events it would match {matched}: {gained} gained, {lost} lost against the saved version.",
            )} {short}
        </p>
        <Samples title="Gained" events=result.gained_events />
        <Samples title="Lost" events=result.lost_events />
    }
    .into_any()
}

#[component]
fn Samples(title: &'static str, events: Vec<EventSample>) -> AnyView {
    if events.is_empty() {
        return ().into_any();
    }
    let rows: Vec<_> = events
        .into_iter()
        .map(|event| {
            view! {
                <li>
                    <a class="ref m" href=format!("/events/{}", event.id)>
                        {event.event_type}
                    </a>
                    <span class="dim">" from " {event.source} ", " {event.received_at.0}</span>
                </li>
            }
        })
        .collect();
    view! {
        <details>
            <summary>{title}</summary>
            <ul>{rows}</ul>
        </details>
    }
    .into_any()
}
