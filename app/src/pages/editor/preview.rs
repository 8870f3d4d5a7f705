//! What the workflow would do with a chosen event; nothing of it is done.

use leptos::prelude::*;

use super::text::Text;
use crate::{
    model::{
        EventSample, PreviewView, Reason, StepPreview, StepWhen, TriggerVerdict, time::duration,
    },
    ui::JsonView,
};

#[component]
pub fn Preview(text: Text, events: Vec<EventSample>) -> AnyView {
    if events.is_empty() {
        return view! {
            <section class="pane-part" aria-labelledby="preview">
                <h3 id="preview">"Preview"</h3>
                <p class="dim">"No event has come yet to try it on. Send one, and open this page again."</p>
            </section>
        }
        .into_any();
    }
    // Asked for once when the page has come to life; from then on with each change.
    Effect::new(move |_| text.ask(false));
    let options: Vec<_> = events
        .into_iter()
        .map(|event| {
            let EventSample { id, event_type, source, received_at } = event;
            let chosen = id.clone();
            view! {
                <option value=id selected=move || text.event.get() == chosen>
                    {format!("{event_type} from {source}, {}", received_at.0)}
                </option>
            }
        })
        .collect();
    let choose = move |event| {
        text.event.set(event_target_value(&event));
        text.ask(false);
    };
    let told = move || match text.preview.get() {
        Some(preview) => view! { <Told preview /> }.into_any(),
        None => view! { <p class="dim">"What is wrong with the text comes first."</p> }.into_any(),
    };
    view! {
        <section class="pane-part needs-script" aria-labelledby="preview">
            <h3 id="preview">"Preview" <span>"nothing is called"</span></h3>
            <label class="field">
                <span>"With this event"</span>
                <select on:change=choose>{options}</select>
            </label>
            <div class="told" role="status" aria-label="Preview">
                {told}
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn Told(preview: PreviewView) -> AnyView {
    let PreviewView { starts, triggers, input, error, steps, .. } = preview;
    let (class, says) = match starts {
        true => ("s on", "It would start"),
        false => ("s off", "It would not start"),
    };
    let verdicts: Vec<_> =
        triggers.into_iter().map(|verdict| view! { <Verdict verdict /> }).collect();
    let steps: Vec<_> = steps.into_iter().map(|step| view! { <Step step /> }).collect();
    view! {
        <p>
            <span class=class>{says}</span>
        </p>
        <ul class="verdicts">{verdicts}</ul>
        {error.map(|error| view! { <p class="err">{error}</p> })}
        {input
            .map(|input| {
                view! {
                    <h4>"Input"</h4>
                    <JsonView text=input.0 />
                }
            })}
        <ol class="previewed">{steps}</ol>
    }
    .into_any()
}

#[component]
fn Verdict(verdict: TriggerVerdict) -> AnyView {
    let says = match verdict.reason {
        Reason::Matched => "matches".to_owned(),
        Reason::EventType => "is of another type".to_owned(),
        Reason::Filter => {
            let saw = verdict.saw.map(|saw| format!("{} is {}", saw.expression, saw.told()));
            let clause = verdict.clause.unwrap_or_default();
            format!("{clause} is not true: {}", saw.unwrap_or_default())
        }
        Reason::Disabled | Reason::CreatedLater => String::new(),
    };
    view! {
        <li>
            <span class="m">{verdict.event_type}</span>
            " "
            <span class="dim">{says}</span>
        </li>
    }
    .into_any()
}

#[component]
fn Step(step: StepPreview) -> AnyView {
    let when = match step.when {
        StepWhen::Runs => "",
        StepWhen::LeftOut => "left out",
        StepWhen::Depends => "depends on an answer",
    };
    let reads = (!step.reads.is_empty())
        .then(|| format!("reads what {} answers, known when it has run", step.reads.join(", ")));
    let request = step.request.map(|request| {
        let headers: Vec<_> = request
            .headers
            .into_iter()
            .map(|(name, value)| view! { <div class="m">{name} ": " {value}</div> })
            .collect();
        view! {
            <p class="m">
                <b>{request.method}</b>
                " "
                {request.url}
            </p>
            {headers}
            {request.body.map(|body| view! { <JsonView text=body.0 /> })}
        }
    });
    let event = step.event.map(|event| {
        view! {
            <p>
                "emits "
                <span class="m">{event.event_type}</span>
                {event.subject.map(|subject| format!(" about {subject}"))}
            </p>
            <JsonView text=event.payload.0 />
        }
    });
    view! {
        <li>
            <b>{step.id}</b>
            " "
            <span class="dim">{when} {reads}</span>
            {request}
            {step.output.map(|output| view! { <JsonView text=output.0 /> })}
            {step.wait_ms.map(|wait| view! { <p>"waits " {duration(wait)}</p> })}
            {event}
            {step.message.map(|message| view! { <p>"fails with: " {message}</p> })}
            {step.error.map(|error| view! { <p class="failed">"would fail: " {error}</p> })}
        </li>
    }
    .into_any()
}
