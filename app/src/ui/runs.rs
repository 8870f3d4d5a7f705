//! What the workflows did with an event: one bar for each run, one line for each attempt.

use leptos::prelude::*;

use super::{CancelRunButton, Moment, RunState, number::count};
use crate::model::{
    AttemptStatus, RunView, StepAttempt, Timestamp, run::WITH_BODIES, time::duration,
};

pub mod exchange;
pub mod fall;

use exchange::Exchange;
use fall::{Part, Span};

#[component]
pub fn RunList(runs: Vec<RunView>) -> impl IntoView {
    let span = Span::of(&runs);
    let runs: Vec<_> = runs.into_iter().map(|run| view! { <Run run span /> }).collect();
    view! { <div class="runs">{runs}</div> }
}

#[component]
fn Run(run: RunView, span: Span) -> AnyView {
    let took = run.finished_at.as_ref().and_then(|end| end.since(&run.created_at)).map(duration);
    let bar = span.parts(&run);
    let open = !run.status.is_finished();
    let said = run.attempts.last().and_then(|attempt| attempt.error.clone());
    let error = run.error.clone().filter(|error| said.as_ref() != Some(error));
    view! {
        <section class="run">
            <div class="run-head">
                <b>{run.workflow.name.clone()}</b>
                {run.test.then(|| view! { <span class="label">"Test"</span> })}
                <span class="dim">"v" {run.workflow.version}</span>
                <RunState status=run.status />
                {run
                    .next_attempt_at
                    .clone()
                    .map(|at| view! { <Waits at held_by=run.held_by.clone() /> })}
                {run
                    .waits_for_turn
                    .then(|| view! { <span class="dim">"waits for its turn"</span> })}
                <a class="m run-id" href=format!("/runs/{}", run.id)>
                    {run.id.clone()}
                </a>
                {open.then(|| view! { <CancelRunButton id=run.id.clone() /> })}
            </div>
            <div class="fall">
                <Fall parts=bar />
                <b>{took.unwrap_or_default()}</b>
            </div>
            {error.map(|error| view! { <p class="run-error">{error}</p> })}
            <LeftOut made=run.attempts_made shown=run.attempts.len() />
            <Attempts attempts=run.attempts />
        </section>
    }
    .into_any()
}

/// What of a long journal is not shown.
#[component]
fn LeftOut(made: u32, shown: usize) -> AnyView {
    if made <= WITH_BODIES {
        return ().into_any();
    }
    let (shown, made) = (shown as u64, u64::from(made));
    let which = match shown < made {
        true => format!("The newest {} of {} attempts", count(shown), count(made)),
        false => format!("{} attempts", count(made)),
    };
    view! {
        <p class="dim">{which} ", the last " {WITH_BODIES} " of them with bodies."</p>
    }
    .into_any()
}

/// Until when a run waits, and for whom.
#[component]
fn Waits(at: Timestamp, held_by: Option<String>) -> AnyView {
    match held_by {
        Some(host) => view! {
            <span class="dim">
                "waits for " <span class="m">{host}</span> ", looks again " <Moment at />
            </span>
        }
        .into_any(),
        None => view! { <span class="dim">"next attempt " <Moment at /></span> }.into_any(),
    }
}

#[component]
fn Fall(parts: Vec<Part>) -> AnyView {
    let parts: Vec<_> = parts
        .into_iter()
        .map(|Part { kind, x, width }| {
            if kind == "wait" {
                let end = x + width;
                view! { <line x1=x x2=end y1="4" y2="4"></line> }.into_any()
            } else {
                view! { <rect class=kind x=x y="0" width=width height="8" rx="2"></rect> }
                    .into_any()
            }
        })
        .collect();
    view! {
        <svg class="track" viewBox="0 0 1000 8" preserveAspectRatio="none" aria-hidden="true">
            {parts}
        </svg>
    }
    .into_any()
}

#[component]
fn Attempts(attempts: Vec<StepAttempt>) -> impl IntoView {
    (!attempts.is_empty()).then(|| {
        let rows: Vec<_> =
            attempts.into_iter().map(|attempt| view! { <Attempt attempt /> }).collect();
        view! {
            <table class="attempts">
                <thead>
                    <tr>
                        <th>"Step"</th>
                        <th>"Attempt"</th>
                        <th>"Status"</th>
                        <th>"Answer"</th>
                        <th>"Started"</th>
                        <th class="end">"Took"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
    })
}

#[component]
fn Attempt(attempt: StepAttempt) -> AnyView {
    let (class, label) = match attempt.status {
        AttemptStatus::Succeeded => ("s succeeded", "Succeeded"),
        AttemptStatus::Failed => ("s failed", "Failed"),
    };
    let answered = attempt.response.as_ref().map(|response| format!("HTTP {}", response.status));
    let answer = match (answered, attempt.error.clone()) {
        (Some(status), Some(error)) if !error.contains(&status[5..]) => {
            format!("{status}, {error}")
        }
        (_, Some(error)) => error,
        (status, None) => status.unwrap_or_default(),
    };
    let exchange = attempt.request.clone().map(|request| (request, attempt.response.clone()));
    view! {
        <tr>
            <td>{attempt.step}</td>
            <td>{attempt.attempt}</td>
            <td>
                <span class=class>{label}</span>
            </td>
            <td class="answer" title=answer.clone()>
                {answer.clone()}
            </td>
            <td class="m">
                <Moment at=attempt.started_at />
            </td>
            <td class="end">{duration(attempt.duration_ms)}</td>
        </tr>
        {exchange
            .map(|(request, response)| {
                view! {
                    <tr class="more">
                        <td colspan="6">
                            <Exchange request response />
                        </td>
                    </tr>
                }
            })}
    }
    .into_any()
}
