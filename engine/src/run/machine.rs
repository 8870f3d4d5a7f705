//! How a run moves on. Invariant: nothing in this module performs I/O or reads a clock.
//!
//! The worker asks [`next`], does what it says, and tells the outcome to [`settle`]; the state in
//! between is stored, so a run that crashes goes on from there.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::RunState;
use crate::event::EventError;
use crate::expression::template::length;
use crate::expression::{EvaluationError, Scope, Template};
use crate::id::RunId;
use crate::time::Timestamp;
use crate::workflow::definition::{EmitStep, HttpStep, Trigger};
use crate::workflow::{Definition, Step, StepKind, duration};

/// How much the outputs of a run's steps may be together, as JSON.
const LARGEST: usize = 16 * 1024 * 1024;

/// What a run does next.
#[derive(Debug)]
pub enum Next<'a> {
    /// Make this call, then [`settle`] it.
    Call {
        step: &'a Step,
        http: &'a HttpStep,
    },
    /// Send this event, then [`settle`] it.
    Emit {
        step: &'a Step,
        emit: &'a EmitStep,
    },
    /// The step needs no effect: this is its outcome.
    Decided {
        step: &'a Step,
        outcome: Outcome,
    },
    /// Nothing to do before this time.
    Sleep {
        until: Timestamp,
    },
    Finished,
}

/// How an attempt at a step ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Succeeded(Json),
    Failed(Failure),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// Stable and short, for example `http_status`, `timeout`, `expression`.
    pub code: &'static str,
    pub message: String,
    /// Another attempt cannot help.
    pub permanent: bool,
    /// The other side asked for this wait.
    pub retry_after: Option<Duration>,
}

impl Failure {
    pub fn expression(error: &EvaluationError, place: &str) -> Self {
        Self {
            code: "expression",
            message: format!("{place}: {error}"),
            permanent: true,
            retry_after: None,
        }
    }

    /// What a template has rendered is not what belongs there.
    pub fn rendered(error: impl std::fmt::Display, place: &str) -> Self {
        Self {
            code: "template",
            message: format!("{place}: {error}"),
            permanent: true,
            retry_after: None,
        }
    }
}

/// Where a run stands after an attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum Stand {
    /// Ask [`next`] again.
    Ready,
    Waiting {
        wait: Duration,
    },
    Failed(EventError),
}

/// Maps the trigger's input; without a mapping the input is the payload, as it could be read.
pub fn begin(
    trigger: &Trigger,
    scope: &Scope,
    payload: Result<Arc<Json>, serde_json::Error>,
) -> Result<Arc<Json>, Failure> {
    let payload = payload.map_err(unreadable)?;
    let Some(input) = &trigger.input else { return Ok(payload) };
    // What reads the whole event may have it, instead of a copy.
    drop(payload);
    let input = input.render(scope);
    input.map(Arc::new).map_err(|error| Failure::expression(&error, "trigger input"))
}

/// It is JSON, but what it says has no place in a value here, as 1e400.
fn unreadable(error: serde_json::Error) -> Failure {
    let message = format!("the payload cannot be read: {error}");
    Failure { code: "payload", message, permanent: true, retry_after: None }
}

fn delay(wait: &Template, scope: &Scope) -> Result<Duration, Failure> {
    let text = wait.render_text(scope).map_err(|error| Failure::expression(&error, "for"))?;
    duration::parse(&text).map_err(|error| Failure::rendered(error, "for"))
}

/// The outcome, unless the run would have to keep too much with it.
pub fn kept(state: &RunState, outcome: Outcome) -> Outcome {
    let Outcome::Succeeded(output) = &outcome else { return outcome };
    let together = state.steps.values().map(length).fold(length(output), usize::saturating_add);
    if together <= LARGEST {
        return outcome;
    }
    Outcome::Failed(Failure {
        code: "output_too_large",
        message: "with this step the outputs of the run are more than 16 MiB: keep less of each"
            .into(),
        permanent: true,
        retry_after: None,
    })
}

/// Skips what `when` excludes and says what comes then; `now` is steady time.
pub fn next<'a>(
    definition: &'a Definition,
    state: &mut RunState,
    scope: impl Fn(&RunState) -> Scope,
    now: Timestamp,
) -> Next<'a> {
    while let Some(step) = definition.steps.get(state.position) {
        if let Some(when) = &step.when
            && state.attempt == 0
            && state.delayed_until.is_none()
        {
            match when.holds(&scope(state)) {
                Ok(true) => {}
                Ok(false) => {
                    let skipped = json!({ "skipped": true, "output": null });
                    state.steps.insert(step.id.clone(), skipped);
                    state.position += 1;
                    continue;
                }
                Err(error) => {
                    let outcome = Outcome::Failed(Failure::expression(&error, "when"));
                    return Next::Decided { step, outcome };
                }
            }
        }
        let outcome = match &step.kind {
            StepKind::Http(http) => return Next::Call { step, http },
            StepKind::Emit(emit) => return Next::Emit { step, emit },
            StepKind::Transform(template) => match template.render(&scope(state)) {
                Ok(output) => Outcome::Succeeded(output),
                Err(error) => Outcome::Failed(Failure::expression(&error, "transform")),
            },
            StepKind::Fail(message) => Outcome::Failed(Failure {
                code: "failed_by_step",
                message: message.render_text(&scope(state)).unwrap_or_else(|e| e.to_string()),
                permanent: true,
                retry_after: None,
            }),
            StepKind::Delay(wait) => {
                let begun = state
                    .delayed_until
                    .map_or_else(|| delay(wait, &scope(state)).map(|wait| now.plus(wait)), Ok);
                match begun {
                    Ok(until) if until > now => {
                        state.delayed_until = Some(until);
                        return Next::Sleep { until };
                    }
                    Ok(until) => {
                        state.delayed_until = None;
                        Outcome::Succeeded(json!({ "until": until }))
                    }
                    Err(failure) => Outcome::Failed(failure),
                }
            }
        };
        return Next::Decided { step, outcome };
    }
    Next::Finished
}

/// Takes the outcome of an attempt at `step`, which began as number `state.attempt + 1`; `now` is what the
/// wall shows.
pub fn settle(
    run: RunId,
    step: &Step,
    state: &mut RunState,
    outcome: &Outcome,
    now: Timestamp,
    jitter: f64,
) -> Stand {
    state.attempt += 1;
    state.held_since = None;
    match outcome {
        Outcome::Succeeded(output) => {
            state.steps.insert(step.id.clone(), json!({ "output": output }));
            state.position += 1;
            state.attempt = 0;
            state.first_failed_at = None;
            Stand::Ready
        }
        Outcome::Failed(failure) => {
            let first = *state.first_failed_at.get_or_insert(now);
            let wait = step.retry.wait_after(state.attempt, jitter).filter(|_| !failure.permanent);
            match wait {
                Some(wait) => {
                    let wait = failure.retry_after.map_or(wait, |asked| asked.max(wait));
                    Stand::Waiting { wait }
                }
                None => {
                    let exhausted = if failure.permanent { "permanent" } else { "attempts" };
                    Stand::Failed(EventError {
                        error_code: failure.code.into(),
                        error_message: failure.message.clone(),
                        exhausted_retry_condition: Some(exhausted.into()),
                        retry_attempts: i64::from(state.attempt),
                        first_failed_at: first,
                        last_failed_at: now,
                        run_id: Some(run),
                        workflow: None,
                        step: Some(step.id.clone()),
                    })
                }
            }
        }
    }
}

/// Brings a failed run back to the step that failed, with all its attempts to spend again.
pub fn revive(state: &mut RunState, now: Timestamp) {
    state.revived_at = Some(now);
    state.attempt = 0;
    state.first_failed_at = None;
    state.delayed_until = None;
    state.held_since = None;
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod walks;
