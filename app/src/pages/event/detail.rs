//! The event page's contents.

use leptos::prelude::*;
use leptos_meta::Title;

use super::hold::{HoldButton, Holding};
use super::{changes::ChangeList, delete::DeleteButton, history::Turns, why::Why};
use crate::{
    api::DeleteEvent,
    model::{EventDetail, EventError, EventStatus, NoteView, WholeEvent, time::duration},
    ui::{
        CopyButton, EventState, EventTypeName, Fact, ForOperators, Moment, ReplayButton,
        ReplayOriginalButton, ResolveNoting, RetryButton, RunList, json::payload::PayloadView,
        json::size, origin, runs::exchange::HeaderLines,
    },
};

#[component]
pub fn Detail(found: WholeEvent, delete: ServerAction<DeleteEvent>) -> AnyView {
    let WholeEvent { event, history, why, .. } = found;
    let failed = event.status == EventStatus::Failed;
    // What was put right since is history; the attempts tell it.
    let error = event.error.clone().filter(|_| failed);
    let bytes = size(event.payload.as_str().len() as u64);
    let matched = match event.runs.iter().filter(|run| !run.test).count() {
        0 => String::new(),
        1 => "1 workflow matched".to_owned(),
        count => format!("{count} workflows matched"),
    };
    let ran = match (event.runs.is_empty(), why.is_empty()) {
        (false, _) => view! { <RunList runs=event.runs.clone() /> }.into_any(),
        (true, true) => {
            view! { <p class="dim">"There is no workflow, so nothing had to run."</p> }.into_any()
        }
        (true, false) => view! {
            <p class="dim">"No trigger matched this event; Triggers below says why."</p>
        }
        .into_any(),
    };
    view! {
        <Title text=event.event_type.clone() />
        <div class="event" data-event-id=event.id.clone()>
            <div class="event-top">
                <h2>
                    <EventTypeName name=event.event_type.clone() />
                </h2>
                <EventState status=event.status />
                <span class="dim">{story(&event)}</span>
                <ActionBar event=event.clone() failed delete />
            </div>
            {error.map(|error| view! { <Failure error /> })}
            {event.hold.clone().map(|hold| view! { <Holding id=event.id.clone() hold /> })}
            <div class="event-body">
                <section class="pane">
                    <h3>"Runs" <span>{matched}</span></h3>
                    {ran}
                </section>
                <section class="pane">
                    <h3>"Facts"</h3>
                    <Facts event=event.clone() />
                    <Turns turns=history.turns />
                </section>
                {(!event.notes.is_empty()).then(|| view! { <Notes notes=event.notes.clone() /> })}
                <section class="pane">
                    <h3>"Payload" <span>{bytes}</span></h3>
                    {history.changes.map(|changes| view! { <ChangeList changes /> })}
                    <PayloadView text=event.payload.0 />
                </section>
                <section class="pane">
                    <h3>"Headers"</h3>
                    <HeaderLines headers=event.headers />
                </section>
                <Why why />
            </div>
        </div>
    }
    .into_any()
}

/// `after 4 attempts, 1 of 2 runs`.
fn story(event: &EventDetail) -> String {
    let attempts = match event.attempts {
        0 => return String::new(),
        1 => "after 1 attempt".to_owned(),
        count => format!("after {count} attempts"),
    };
    let failed = event.runs.iter().filter(|run| run.status == crate::model::RunStatus::Failed);
    match failed.count() {
        0 => attempts,
        1 if event.runs.len() == 1 => attempts,
        failed => format!("{attempts}, {failed} of {} runs failed", event.runs.len()),
    }
}

#[component]
fn ActionBar(event: EventDetail, failed: bool, delete: ServerAction<DeleteEvent>) -> AnyView {
    let origin = origin();
    let as_curl = {
        let event = event.clone();
        Signal::derive(move || curl(&event, &origin.get()))
    };
    let started = event.runs.iter().any(|run| !run.test);
    let EventDetail { id, payload, hold, status, .. } = event;
    // What is held, or still under way, is removed by nobody.
    let removable = hold.is_none() && status.is_settled();
    let (changed, removed) = (id.clone(), id.clone());
    view! {
        <div class="row actions">
            <ForOperators>
                {failed.then(|| view! { <RetryButton id=changed.clone() main=true /> })}
                <ReplayButton id=changed.clone() main=!failed />
                {started.then(|| view! { <ReplayOriginalButton id=changed.clone() /> })}
                {failed.then(|| view! { <ResolveNoting id=changed.clone() /> })}
                {hold.is_none().then(|| view! { <HoldButton id=changed /> })}
            </ForOperators>
            <CopyButton label="Copy ID" text=id key="c" />
            <CopyButton label="Copy payload" text=payload.0 />
            <CopyButton label="Copy as curl" text=as_curl />
            <ForOperators>
                {removable.then(|| view! { <DeleteButton id=removed delete /> })}
            </ForOperators>
        </div>
    }
    .into_any()
}

/// A command that sends the same event again, as a new one. The key stays with whoever has it.
fn curl(event: &EventDetail, origin: &str) -> String {
    let text = |value: &str| serde_json::Value::from(value).to_string();
    let mut body =
        format!("{{\"eventType\":{},\"source\":{}", text(&event.event_type), text(&event.source));
    if let Some(subject) = &event.subject {
        body.push_str(&format!(",\"subject\":{}", text(subject)));
    }
    body.push_str(&format!(",\"payload\":{}}}", event.payload.as_str()));
    format!(
        "curl -X POST '{origin}/api/webhooks/ingest' \\\n  -H \"x-api-key: $SLUICE_API_KEY\" \\\n  \
         -H 'content-type: application/json' \\\n  --data-binary '{}'",
        body.replace('\'', r"'\''")
    )
}

#[component]
fn Failure(error: EventError) -> AnyView {
    let place = error.step.clone().map(|step| view! { " in step " <b>{step}</b> });
    let attempts = match error.retry_attempts {
        0 | 1 => "after the first attempt".to_owned(),
        count => format!("after {count} attempts"),
    };
    view! {
        <div class="err" role="group" aria-label="What failed">
            <p>{error.error_message} {place} ", " {attempts} "."</p>
            <p>
                "Retry goes on after the last step that succeeded, once the cause is put right. Replay \
                 starts anew as another event."
            </p>
        </div>
    }
    .into_any()
}

/// What people noted, the oldest first.
#[component]
fn Notes(notes: Vec<NoteView>) -> AnyView {
    let lines: Vec<_> = notes
        .into_iter()
        .map(|NoteView { at, author, note }| {
            view! {
                <li>
                    <p>{note}</p>
                    <span class="dim">{author} ", " <Moment at /></span>
                </li>
            }
        })
        .collect();
    view! {
        <section class="pane">
            <h3>"Notes"</h3>
            <ul class="notes">{lines}</ul>
        </section>
    }
    .into_any()
}

#[component]
fn Facts(event: EventDetail) -> AnyView {
    let settled = event.processed_at.as_ref().map(|settled| {
        let after = settled.since(&event.received_at).map(duration).unwrap_or_default();
        (settled.clone(), after)
    });
    view! {
        <dl class="facts">
            <Fact name="ID">
                <span class="m">{event.id}</span>
            </Fact>
            <Fact name="Event ID">
                <span class="m">{event.event_id}</span>
            </Fact>
            <Fact name="Source">{event.source}</Fact>
            {event.subject.map(|subject| view! { <Fact name="Subject">{subject}</Fact> })}
            {event
                .occurred_at
                .map(|at| {
                    view! {
                        <Fact name="Occurred">
                            <Moment at />
                        </Fact>
                    }
                })}
            <Fact name="Received">
                <Moment at=event.received_at.clone() />
            </Fact>
            {settled
                .map(|(at, after)| {
                    view! {
                        <Fact name="Settled">
                            <Moment at />
                            {format!(", {after} later")}
                        </Fact>
                    }
                })}
            {event
                .replay_of
                .map(|id| {
                    view! {
                        <Fact name="Replay of">
                            <a class="m ref" href=format!("/events/{id}")>
                                {id.clone()}
                            </a>
                        </Fact>
                    }
                })}
        </dl>
    }
    .into_any()
}
