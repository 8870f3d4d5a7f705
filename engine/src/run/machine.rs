//! How a run moves on. Invariant: nothing in this module performs I/O or reads a clock.
//!
//! The worker asks [`next`], does what it says, and tells the outcome to [`settle`]; the state in
//! between is stored, so a run that crashes goes on from there.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::RunState;
use crate::event::EventError;
use crate::expression::{EvaluationError, Scope};
use crate::id::RunId;
use crate::time::Timestamp;
use crate::workflow::definition::{EmitStep, HttpStep, Trigger};
use crate::workflow::{Definition, Step, StepKind};

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

/// Maps the trigger's input; without a mapping the input is the payload.
pub fn begin(trigger: &Trigger, scope: &Scope, payload: &str) -> Result<Json, Failure> {
    match &trigger.input {
        Some(input) => {
            input.render(scope).map_err(|error| Failure::expression(&error, "trigger input"))
        }
        None => Ok(serde_json::from_str(payload).unwrap_or(Json::Null)),
    }
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
            && !when.accepts(&scope(state))
        {
            state.steps.insert(step.id.clone(), json!({ "skipped": true, "output": null }));
            state.position += 1;
            continue;
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
                let until = *state.delayed_until.get_or_insert(now.plus(*wait));
                if until > now {
                    return Next::Sleep { until };
                }
                state.delayed_until = None;
                Outcome::Succeeded(json!({ "until": until }))
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
pub fn revive(state: &mut RunState) {
    state.attempt = 0;
    state.first_failed_at = None;
    state.delayed_until = None;
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod walks;
