//! One run in the hands of the worker: each attempt is journalled before the run goes on.
//!
//! Rare paths are boxed: otherwise their state would make the future of every run larger.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{Assignment, LEASE_MILLIS, POLL};
use crate::Engine;
use crate::event::EventError;
use crate::expression::Scope;
use crate::run::credentials::Credentials;
use crate::run::emit::Cause;
use crate::run::hold::{self, Held};
use crate::run::http::{Call, Kept, Made};
use crate::run::machine::{self, Failure, Next, Outcome, Stand};
use crate::run::room::Place;
use crate::run::scope::{event_scope_of_run, payload_of, step_scope};
use crate::run::trace::{self, Work};
use crate::run::{RunState, RunStatus, StepAttempt};
use crate::run::{emit, http};
use crate::store::{Progress, StoreError};
use crate::time::Timestamp;
use crate::workflow::definition::HttpStep;
use crate::workflow::{Workflow, switch};

/// How long the outcome of an attempt is kept for a database that takes no writes.
const RECORD_PATIENCE: Duration = Duration::from_secs(20);
/// A run that takes longer than this shows its event as processing.
const NOTICEABLE: Duration = Duration::from_millis(150);

/// A run in the hands of the worker.
struct Working<'e> {
    engine: &'e Engine,
    assignment: Assignment,
    /// Given back as soon as nothing is left but to write down where the run stands.
    place: Option<Place>,
    started_at: Timestamp,
    /// The headers of its trace, which calls and emitted events carry on.
    trace: trace::Context,
    begun: Instant,
    /// Whether the store knows that the run is running.
    shown: bool,
}

pub(super) async fn advance(
    engine: &Engine,
    stop: &CancellationToken,
    assignment: Assignment,
    place: Option<Place>,
) -> Result<(), StoreError> {
    #[cfg(test)]
    super::panic_if_told(&assignment);
    let of = trace::context(&assignment.event.headers);
    let work = Work::Run { workflow: &assignment.workflow.definition.name };
    let (span, trace) = engine.tracing.begin(of, assignment.run, work);
    let started_at = assignment.started_at.unwrap_or_else(|| engine.now());
    let shown = assignment.started_at.is_some();
    let begun = Instant::now();
    let run = Working { engine, assignment, place, started_at, trace, begun, shown };
    work_off(run, stop).instrument(span).await
}

/// Goes from step to step until the run ends or waits.
async fn work_off(mut run: Working<'_>, stop: &CancellationToken) -> Result<(), StoreError> {
    let engine = run.engine;
    run.assignment.state.held_by = None;
    let event = match run.begin() {
        Ok(scope) => scope,
        Err(failure) => return Box::pin(run.fail_at_start(failure)).await,
    };
    loop {
        if stop.is_cancelled() {
            return run.release().await;
        }
        let workflow = Arc::clone(&run.assignment.workflow);
        let id = run.assignment.run;
        let scope = |state: &RunState| step_scope(event.clone(), id, state);
        let (now, steady) = (engine.now(), engine.steady());
        let next = machine::next(&workflow.definition, &mut run.assignment.state, scope, steady);
        let (step, attempt_at, outcome, kept) = match next {
            Next::Finished => return run.finish(RunStatus::Succeeded, None, Vec::new()).await,
            Next::Sleep { until } => return run.wait(until, Vec::new()).await,
            Next::Decided { step, outcome } => (step, now, outcome, Kept::default()),
            Next::Emit { step, emit } => {
                let Assignment { event, state, .. } = &run.assignment;
                let (scope, input) = (scope(state), state.input.clone().unwrap_or_default());
                let cause = Cause { run: id, step: &step.id, event, trace: &run.trace };
                let emitted = Box::pin(emit::emit(engine, cause, emit, &input, &scope)).await;
                (step, now, emitted, Kept::default())
            }
            Next::Call { step, http } => {
                let scope = scope(&run.assignment.state);
                match run.call(&step.id, http, &scope).await? {
                    Made::Call(Call { outcome, kept }) => (step, now, outcome, kept),
                    Made::Held { host, hold } => {
                        let (now, state) = (engine.steady(), &mut run.assignment.state);
                        match hold::hold(state, &step.retry, hold, now) {
                            Held::Waits { until } => {
                                state.held_by = Some(host);
                                return run.wait(until, Vec::new()).await;
                            }
                            Held::Spends => {
                                let since = engine.environment.steady.on_the_wall(hold.since);
                                let failure = hold::spent(&host, hold.why, since);
                                (step, engine.now(), Outcome::Failed(failure), Kept::default())
                            }
                        }
                    }
                }
            }
        };
        let gone = kept.is_gone();
        let outcome = machine::kept(&run.assignment.state, outcome);
        let attempt = run.journal(&step.id, attempt_at, &outcome, kept);
        // Nothing waits after a success, and randomness costs a trip to the system.
        let jitter = match &outcome {
            Outcome::Failed(_) => engine.environment.jitter(),
            Outcome::Succeeded(_) => 0.0,
        };
        let now = engine.now();
        let stand = machine::settle(id, step, &mut run.assignment.state, &outcome, now, jitter);
        let last = run.assignment.state.position >= workflow.definition.steps.len();
        match stand {
            // The last step and the end of the run are one write.
            Stand::Ready if last => {
                return run.finish(RunStatus::Succeeded, None, vec![attempt]).await;
            }
            Stand::Ready => {
                if !run.go_on(vec![attempt]).await? {
                    return Ok(());
                }
            }
            Stand::Waiting { wait } => {
                return run.wait(engine.steady().plus(wait), vec![attempt]).await;
            }
            Stand::Failed(error) => {
                let says = format!("step {}: {}", step.id, error.error_message);
                let test = run.assignment.state.test;
                run.finish(RunStatus::Failed, Some(error), vec![attempt]).await?;
                if gone && !test {
                    Box::pin(turn_off(engine, &workflow, &says)).await;
                }
                return Ok(());
            }
        }
    }
}

/// A receiver that is gone for good is not called by the next event.
async fn turn_off(engine: &Engine, workflow: &Workflow, says: &str) {
    if let Err(error) = switch::off_by_itself(engine, workflow, says).await {
        tracing::warn!(workflow = workflow.definition.name, %error, "it could not be turned off");
    }
}

impl Working<'_> {
    /// Maps the input, unless it was mapped before; gives what may be read of the event.
    fn begin(&mut self) -> Result<Scope, Failure> {
        let Assignment { workflow, trigger, state, event, .. } = &mut self.assignment;
        if state.input.is_some() {
            return Ok(event_scope_of_run(event, None));
        }
        let trigger = workflow.definition.triggers.get(*trigger).ok_or_else(|| Failure {
            code: "trigger",
            message: "the trigger that started this run is gone".into(),
            permanent: true,
            retry_after: None,
        })?;
        let payload = payload_of(&event.payload);
        let scope = event_scope_of_run(event, payload.as_ref().ok().cloned());
        state.input = Some(machine::begin(trigger, &scope, payload)?);
        Ok(scope)
    }

    /// Makes a call; when it takes long enough for a person to look, the event shows as processing.
    async fn call(
        &mut self,
        step: &str,
        http: &HttpStep,
        scope: &Scope,
    ) -> Result<Made, StoreError> {
        let id = self.assignment.run;
        let (engine, workflow) = (self.engine, self.assignment.workflow.id);
        let work = Work::Attempt { step };
        let (span, context) = engine.tracing.begin(self.trace.clone(), id, work);
        let call = async move {
            match Credentials::of(engine, workflow, http).await {
                Ok(credentials) => {
                    let signed = http::Signed::new(id, step, engine.now(), &credentials);
                    http::call(engine, http, scope, signed, &context).await
                }
                Err(failure) => Made::Call(http::refused(failure, None)),
            }
        };
        let mut call = std::pin::pin!(call.instrument(span));
        if !self.shown {
            let patience = NOTICEABLE.saturating_sub(self.begun.elapsed());
            if let Ok(call) = tokio::time::timeout(patience, &mut call).await {
                return Ok(call);
            }
            self.shown = true;
            let running = self.so_far(RunStatus::Running, Vec::new());
            let (held, call) = tokio::join!(Box::pin(self.record(running)), call);
            held?;
            return Ok(call);
        }
        Ok(call.await)
    }

    fn journal(
        &mut self,
        step: &str,
        started_at: Timestamp,
        outcome: &Outcome,
        kept: Kept,
    ) -> StepAttempt {
        let state = &mut self.assignment.state;
        state.attempts += 1;
        let error = match outcome {
            Outcome::Succeeded(_) => None,
            Outcome::Failed(failure) => Some(failure.message.clone()),
        };
        StepAttempt {
            number: state.attempts,
            step: step.to_owned(),
            attempt: state.attempt + 1,
            succeeded: error.is_none(),
            started_at,
            duration_ms: kept.duration.as_millis() as i64,
            request: kept.request,
            response: kept.response,
            error,
        }
    }

    /// What it leaves to whoever takes the run up next, and when that is; nobody, where it has ended.
    fn leave(
        &mut self,
        status: RunStatus,
        attempts: Vec<StepAttempt>,
        due_at: Option<Timestamp>,
    ) -> Progress {
        self.place = None;
        let left = self.so_far(status, attempts);
        // It is in the text now, which may have to wait for the database.
        self.assignment.state = RunState::default();
        Progress { due_at, keep_lease: false, ..left }
    }

    /// Where it stands now, to be told while it goes on.
    fn so_far(&self, status: RunStatus, attempts: Vec<StepAttempt>) -> Progress {
        let now = self.engine.now();
        Progress {
            run: self.assignment.run,
            workflow: self.assignment.workflow.id,
            state: self.assignment.state.stored(),
            status,
            attempts,
            error: None,
            due_at: Some(self.engine.steady().plus_millis(LEASE_MILLIS)),
            keep_lease: true,
            started_at: self.started_at,
            now,
        }
    }

    /// Writes a step down and keeps the lease; `false` when the run is no longer this node's.
    async fn go_on(&mut self, attempts: Vec<StepAttempt>) -> Result<bool, StoreError> {
        self.shown = true;
        self.record(self.so_far(RunStatus::Running, attempts)).await
    }

    async fn wait(
        mut self,
        until: Timestamp,
        attempts: Vec<StepAttempt>,
    ) -> Result<(), StoreError> {
        let waiting = self.leave(RunStatus::Waiting, attempts, Some(until));
        self.record(waiting).await?;
        let soon = until.millis_since(self.engine.steady());
        if soon < POLL.as_millis() as i64 {
            let inbox = self.engine.inbox.clone();
            self.engine.tasks.spawn(async move {
                tokio::time::sleep(Duration::from_millis(soon.unsigned_abs() + 1)).await;
                inbox.wake();
            });
        }
        Ok(())
    }

    /// Gives the run back unfinished, for a clean shutdown.
    async fn release(mut self) -> Result<(), StoreError> {
        let status = if self.shown { RunStatus::Running } else { RunStatus::Queued };
        let released = self.leave(status, Vec::new(), Some(self.engine.steady()));
        self.record(released).await.map(|_| ())
    }

    async fn finish(
        mut self,
        status: RunStatus,
        error: Option<EventError>,
        attempts: Vec<StepAttempt>,
    ) -> Result<(), StoreError> {
        let workflow = &self.assignment.workflow.definition.name;
        let error = error.map(|error| EventError { workflow: Some(workflow.clone()), ..error });
        let finished = Progress { error, ..self.leave(status, attempts, None) };
        self.record(finished).await.map(|_| ())
    }

    /// A run whose input cannot be mapped fails before its first step.
    async fn fail_at_start(self, failure: Failure) -> Result<(), StoreError> {
        let now = self.engine.now();
        let error = EventError {
            error_code: failure.code.into(),
            error_message: failure.message,
            exhausted_retry_condition: Some("permanent".into()),
            retry_attempts: 0,
            first_failed_at: now,
            last_failed_at: now,
            run_id: Some(self.assignment.run),
            workflow: None,
            step: None,
        };
        self.finish(RunStatus::Failed, Some(error), Vec::new()).await
    }

    /// Writes with patience: while the database cannot take it, the work done is not thrown away;
    /// the lease, which the heartbeat extends as soon as it can, sets the end.
    async fn record(&self, progress: Progress) -> Result<bool, StoreError> {
        let (begun, progress) = (Instant::now(), Arc::new(progress));
        let mut pause = Duration::from_millis(50);
        loop {
            match self.engine.store.writer.record(Arc::clone(&progress)).await {
                Err(error) if error.is_unavailable() && begun.elapsed() < RECORD_PATIENCE => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(2));
                }
                answer => return answer,
            }
        }
    }
}
