//! What a workflow would do with an event, as far as it can be known without doing it. Pure: nothing is
//! called, sent or stored.
//!
//! What a step answers is known only once it has run, so what reads it stays as it is written; so do
//! secrets.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::definition::{EmitStep, HttpStep};
use super::explain::{self, Reason};
use super::{Definition, Step, StepKind, duration};
use crate::event::{Event, EventType};
use crate::expression::{EvaluationError, Expression, Scope, Template};
use crate::run::machine;
use crate::run::scope::{event_scope, payload_of};

#[derive(Debug, Clone)]
pub struct Preview {
    /// What each trigger makes of the event.
    pub triggers: Vec<Reason>,
    /// The trigger by which the rest is told: the first that matches, or else the first.
    pub by: usize,
    /// What the steps read as `input`, or why a run would fail at its start.
    pub input: Result<Json, String>,
    pub steps: Vec<StepPreview>,
}

impl Preview {
    /// Whether the event would start the workflow.
    pub fn starts(&self) -> bool {
        self.triggers.contains(&Reason::Matched)
    }
}

#[derive(Debug, Clone)]
pub struct StepPreview {
    pub id: String,
    pub when: When,
    /// Earlier steps whose output it reads.
    pub reads: Vec<String>,
    pub does: Result<Does, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    Runs,
    LeftOut,
    /// It depends on what an earlier step answers.
    Depends,
}

/// What a step would do.
#[derive(Debug, Clone, PartialEq)]
pub enum Does {
    Call {
        method: String,
        url: String,
        headers: Vec<(String, String)>,
        body: Option<Json>,
    },
    Output(Json),
    /// In milliseconds, where it does not depend on an answer.
    Wait(Option<u64>),
    Emit {
        event_type: String,
        subject: Option<String>,
        payload: Json,
    },
    Fail(String),
}

/// What the walk over the steps knows so far.
struct Walk {
    scope: Scope,
    input: Json,
    steps: Map<String, Json>,
    /// Steps whose output only a run can tell.
    unknown: Vec<String>,
}

pub fn preview(definition: &Definition, event: &Event) -> Preview {
    let scope = event_scope(event);
    let judge = |trigger| explain::judge(trigger, event, &scope);
    let triggers: Vec<Reason> = definition.triggers.iter().map(judge).collect();
    let by = triggers.iter().position(|reason| *reason == Reason::Matched).unwrap_or(0);
    let payload = payload_of(&event.payload);
    let begun = machine::begin(&definition.triggers[by], &scope, payload);
    let input = begun.map(Arc::unwrap_or_clone).map_err(|failure| failure.message);
    let steps = match &input {
        Err(_) => Vec::new(),
        Ok(input) => {
            let run = json!({ "id": "run_preview" });
            let scope = scope.with("input", input.clone()).with("run", run);
            let mut walk =
                Walk { scope, input: input.clone(), steps: Map::new(), unknown: Vec::new() };
            definition.steps.iter().map(|step| walk.step(step)).collect()
        }
    };
    Preview { triggers, by, input, steps }
}

impl Walk {
    fn step(&mut self, step: &Step) -> StepPreview {
        let scope = self.scope.clone().with("steps", Json::Object(self.steps.clone()));
        let when = match &step.when {
            None => When::Runs,
            Some(when) if !self.reads([when]).is_empty() => When::Depends,
            Some(when) if when.accepts(&scope) => When::Runs,
            Some(_) => When::LeftOut,
        };
        let reads = self.reads(expressions(step));
        let does = self.does(step, &scope);
        match (when, &does) {
            (When::LeftOut, _) => {
                let left_out = json!({ "skipped": true, "output": null });
                self.steps.insert(step.id.clone(), left_out);
            }
            (When::Runs, Ok(Does::Output(output))) if reads.is_empty() => {
                self.steps.insert(step.id.clone(), json!({ "output": output }));
            }
            _ => self.unknown.push(step.id.clone()),
        }
        StepPreview { id: step.id.clone(), when, reads, does }
    }

    /// The steps of unknown output that these expressions read.
    fn reads<'e>(&self, expressions: impl IntoIterator<Item = &'e Expression>) -> Vec<String> {
        let expressions: Vec<_> = expressions.into_iter().collect();
        let read = |id: &&String| expressions.iter().any(|it| it.reads_step(id));
        self.unknown.iter().filter(read).cloned().collect()
    }

    fn does(&self, step: &Step, scope: &Scope) -> Result<Does, String> {
        let unknown = |it: &Expression| !it.secrets().is_empty() || !self.reads([it]).is_empty();
        let json = |place: &str, template: &Template| {
            let rendered = template.render_known(scope, &unknown);
            rendered.map_err(|error: EvaluationError| format!("{place}: {error}"))
        };
        let text = |place: &str, template: &Template| {
            json(place, template).map(|value| match value {
                Json::String(text) => text,
                other => other.to_string(),
            })
        };
        // What must have a certain form is looked at once all of it is known.
        let known = |template: &Template| !template.expressions().into_iter().any(unknown);
        Ok(match &step.kind {
            StepKind::Http(HttpStep { method, url, headers, body, .. }) => Does::Call {
                method: text("method", method)?.to_ascii_uppercase(),
                url: text("url", url)?,
                headers: headers
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), text("headers", value)?)))
                    .collect::<Result<_, String>>()?,
                body: body.as_ref().map(|body| json("body", body)).transpose()?,
            },
            StepKind::Transform(template) => Does::Output(json("transform", template)?),
            StepKind::Delay(wait) if !known(wait) => Does::Wait(None),
            StepKind::Delay(wait) => {
                let wait = duration::parse(&text("for", wait)?);
                let wait = wait.map_err(|error| format!("for: {error}"))?;
                Does::Wait(Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)))
            }
            StepKind::Emit(EmitStep { event_type, subject, payload }) => Does::Emit {
                event_type: match text("eventType", event_type)? {
                    name if known(event_type) => EventType::parse(&name)
                        .map_err(|error| format!("eventType: {error}"))?
                        .to_string(),
                    written => written,
                },
                subject: subject.as_ref().map(|subject| text("subject", subject)).transpose()?,
                payload: match payload {
                    Some(payload) => json("payload", payload)?,
                    None => self.input.clone(),
                },
            },
            StepKind::Fail(message) => Does::Fail(text("message", message)?),
        })
    }
}

/// All that the step renders.
fn expressions(step: &Step) -> Vec<&Expression> {
    let templates: Vec<&Template> = match &step.kind {
        StepKind::Http(HttpStep { method, url, headers, body, timeout, .. }) => {
            [method, url, timeout]
                .into_iter()
                .chain(headers.iter().map(|(_, value)| value))
                .chain(body)
                .collect()
        }
        StepKind::Transform(template) | StepKind::Delay(template) | StepKind::Fail(template) => {
            vec![template]
        }
        StepKind::Emit(EmitStep { event_type, subject, payload }) => {
            std::iter::once(event_type).chain(subject).chain(payload).collect()
        }
    };
    templates.into_iter().flat_map(Template::expressions).chain(&step.when).collect()
}

#[cfg(test)]
mod tests;
