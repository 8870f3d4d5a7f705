//! The engine's explanations, previews and backtests as the dashboard and the API show them.

use engine::workflow::Definition;
use engine::workflow::backtest::{Backtest, Sample};
use engine::workflow::definition::TriggerDocument;
use engine::workflow::explain::{self, Verdict};
use engine::workflow::preview::{Does, Preview, StepPreview as Step, When};
use serde_json::Value;

use super::convert::{count, time};
use crate::model::time::duration;
use crate::model::{
    BacktestView, EventSample, Explained, ExplainedWorkflow, PreviewPart, PreviewText, PreviewView,
    PreviewedEvent, PreviewedRequest, RawJson, Reason, Saw, StepPreview, StepWhen, TriggerVerdict,
    WhyLine,
};

pub fn explained(verdict: &Verdict) -> Explained {
    let workflow = &verdict.workflow;
    let trigger = &workflow.definition.document.triggers[verdict.trigger];
    let TriggerVerdict { event_type, filter, matched, reason, clause, saw, also } =
        judged(trigger, &verdict.reason);
    Explained {
        workflow: ExplainedWorkflow {
            id: workflow.id.to_string(),
            name: workflow.definition.name.clone(),
            version: count(workflow.version),
            enabled: workflow.enabled,
        },
        trigger: number(verdict.trigger),
        event_type,
        filter,
        matched,
        reason,
        clause,
        saw,
        also,
    }
}

fn judged(trigger: &TriggerDocument, reason: &explain::Reason) -> TriggerVerdict {
    let (clause, saw, also) = match reason {
        explain::Reason::Filter { clause, saw: it, also } => {
            (Some(clause.clone()), Some(saw(it)), also.iter().map(saw).collect())
        }
        _ => (None, None, Vec::new()),
    };
    TriggerVerdict {
        event_type: trigger.event_type.clone(),
        filter: trigger.filter.clone(),
        matched: *reason == explain::Reason::Matched,
        reason: match reason {
            explain::Reason::Matched => Reason::Matched,
            explain::Reason::Disabled => Reason::Disabled,
            explain::Reason::CreatedLater => Reason::CreatedLater,
            explain::Reason::EventType => Reason::EventType,
            explain::Reason::NotReplayed => Reason::NotReplayed,
            explain::Reason::Filter { .. } => Reason::Filter,
        },
        clause,
        saw,
        also,
    }
}

fn saw(saw: &explain::Saw) -> Saw {
    let expression = saw.expression.clone();
    match &saw.value {
        Ok(value) => Saw { expression, value: Some(raw(value)), error: None },
        Err(error) => Saw { expression, value: None, error: Some(error.clone()) },
    }
}

pub fn preview(definition: &Definition, preview: &Preview) -> PreviewView {
    let triggers = definition.document.triggers.iter().zip(&preview.triggers);
    PreviewView {
        starts: preview.starts(),
        triggers: triggers.map(|(trigger, reason)| judged(trigger, reason)).collect(),
        by: number(preview.by),
        input: preview.input.as_ref().ok().map(raw),
        error: preview.input.as_ref().err().cloned(),
        steps: preview.steps.iter().map(step).collect(),
    }
}

fn step(step: &Step) -> StepPreview {
    let mut shown = StepPreview {
        id: step.id.clone(),
        when: match step.when {
            When::Runs => StepWhen::Runs,
            When::LeftOut => StepWhen::LeftOut,
            When::Depends => StepWhen::Depends,
        },
        reads: step.reads.clone(),
        request: None,
        output: None,
        wait_ms: None,
        event: None,
        message: None,
        error: None,
    };
    match &step.does {
        Err(error) => shown.error = Some(error.clone()),
        Ok(Does::Call { method, url, headers, body }) => {
            shown.request = Some(PreviewedRequest {
                method: method.clone(),
                url: url.clone(),
                headers: headers.iter().cloned().collect(),
                body: body.as_ref().map(raw),
            });
        }
        Ok(Does::Output(output)) => shown.output = Some(raw(output)),
        Ok(Does::Wait(millis)) => shown.wait_ms = *millis,
        Ok(Does::Emit { event_type, subject, payload }) => {
            shown.event = Some(PreviewedEvent {
                event_type: event_type.clone(),
                subject: subject.clone(),
                payload: raw(payload),
            });
        }
        Ok(Does::Fail(message)) => shown.message = Some(message.clone()),
    }
    shown
}

/// A preview in words, part by part.
pub fn told(preview: PreviewView) -> PreviewText {
    let PreviewView { starts, triggers, input, error, steps, .. } = preview;
    let mut parts: Vec<PreviewPart> = triggers.into_iter().map(verdict).collect();
    if let Some(error) = error {
        let title = "A run would fail at its start".to_owned();
        parts.push(PreviewPart { title, note: error, ..PreviewPart::default() });
    }
    if let Some(input) = input {
        let (title, text) = ("Input".to_owned(), pretty(&input));
        parts.push(PreviewPart { title, text, ..PreviewPart::default() });
    }
    parts.extend(steps.into_iter().map(step_told));
    PreviewText { starts, parts }
}

fn verdict(verdict: TriggerVerdict) -> PreviewPart {
    let note = says(verdict.reason, verdict.clause, verdict.saw, verdict.also);
    PreviewPart { title: verdict.event_type, note, text: String::new() }
}

/// Why a trigger did or did not match, as a sentence that begins with the trigger.
fn says(reason: Reason, clause: Option<String>, saw: Option<Saw>, also: Vec<Saw>) -> String {
    match reason {
        Reason::Matched => "matches".to_owned(),
        Reason::Disabled => "was turned off".to_owned(),
        Reason::CreatedLater => "was made after the event had come".to_owned(),
        Reason::EventType => "is for other types".to_owned(),
        Reason::NotReplayed => "was not among what the first event had started".to_owned(),
        Reason::Filter => {
            let saw = saw.iter().chain(&also).map(Saw::told).collect::<Vec<_>>().join("; ");
            format!("{} is not true: {saw}", clause.unwrap_or_default())
        }
    }
}

pub fn why(verdict: &Verdict) -> WhyLine {
    let Explained { workflow, event_type, matched, reason, clause, saw, also, .. } =
        explained(verdict);
    WhyLine {
        workflow_id: workflow.id,
        workflow: workflow.name,
        event_type,
        says: says(reason, clause, saw, also),
        matched,
        elsewhere: reason == Reason::EventType,
    }
}

fn step_told(step: StepPreview) -> PreviewPart {
    let mut notes = Vec::new();
    match step.when {
        StepWhen::Runs => {}
        StepWhen::LeftOut => notes.push("left out".to_owned()),
        StepWhen::Depends => notes.push("runs if an answer says so".to_owned()),
    }
    if !step.reads.is_empty() {
        notes.push(format!("reads what {} answers, known once it has run", step.reads.join(", ")));
    }
    notes.extend(step.wait_ms.map(|wait| format!("waits {}", duration(wait))));
    notes.extend(step.message.map(|message| format!("fails with: {message}")));
    notes.extend(step.error.map(|error| format!("would fail: {error}")));
    let mut text = step.output.as_ref().map(pretty).unwrap_or_default();
    if let Some(request) = step.request {
        text = format!("{} {}", request.method, request.url);
        request.headers.iter().for_each(|(name, value)| text += &format!("\n{name}: {value}"));
        text.extend(request.body.map(|body| format!("\n\n{}", pretty(&body))));
    }
    if let Some(event) = step.event {
        notes.push(format!("emits {}", event.event_type));
        notes.extend(event.subject.map(|subject| format!("about {subject}")));
        text = pretty(&event.payload);
    }
    PreviewPart { title: step.id, note: notes.join(", "), text }
}

fn pretty(json: &RawJson) -> String {
    let value = serde_json::from_str::<Value>(&json.0);
    value.and_then(|value| serde_json::to_string_pretty(&value)).unwrap_or_default()
}

pub fn backtest(result: Backtest) -> BacktestView {
    let number = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    let samples = |all: Vec<Sample>| all.iter().map(sample).collect();
    BacktestView {
        looked_at: number(result.looked_at),
        matched: number(result.matched),
        gained: number(result.gained),
        lost: number(result.lost),
        gained_events: samples(result.gained_samples),
        lost_events: samples(result.lost_samples),
        since: result.since.map(time),
        cut_short: result.cut_short,
    }
}

fn sample(sample: &Sample) -> EventSample {
    EventSample {
        id: sample.id.to_string(),
        event_type: sample.event_type.to_string(),
        source: sample.source.clone(),
        received_at: time(sample.received_at),
    }
}

fn raw(value: &Value) -> RawJson {
    RawJson(value.to_string())
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
