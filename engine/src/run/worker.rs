//! Works runs off: takes those leased to this node at birth, claims others when they are due, and
//! writes down every attempt before it goes on.
//!
//! Invariant: what a run has done is in the store before the run does anything else, so a crash
//! repeats at most the attempt that was under way.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::FutureExt;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::credentials::Credentials;
use super::http::Made;
use super::machine::{self, Failure, Next, Outcome, Stand};
use super::room::Place;
use super::scope::{event_scope, step_scope};
use super::{RunState, RunStatus, StepAttempt};
use super::{cancel, emit, http, poison, turn};
use crate::Engine;
use crate::event::{Event, EventError, EventType, read};
use crate::expression::Scope;
use crate::id::RunId;
use crate::store::entity::event;
use crate::store::{Claimed, Progress, StoreError};
use crate::time::Timestamp;
use crate::time::steady::kept;
use crate::workflow::{Workflow, list};

/// How long a node may be silent before others take its runs.
pub(crate) const LEASE_MILLIS: i64 = 30_000;
/// How long the outcome of an attempt is kept for a database that takes no writes.
const RECORD_PATIENCE: Duration = Duration::from_secs(20);
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Runs that another node has cancelled are looked for this often.
const LOOK: Duration = Duration::from_secs(1);
/// How many runs are claimed at once.
const MOST_CLAIMED: usize = 64;
/// Due runs are looked for at least this often, also without a wake-up.
const POLL: Duration = Duration::from_millis(500);
/// A run that takes longer than this shows its event as processing.
const NOTICEABLE: Duration = Duration::from_millis(150);

/// A run leased to this node, with all it needs.
pub struct Assignment {
    pub run: RunId,
    pub event_seq: i64,
    pub event: Arc<Event>,
    pub workflow: Arc<Workflow>,
    pub trigger: usize,
    pub state: RunState,
    pub started_at: Option<Timestamp>,
    pub place: Place,
}

/// What the writer tells the worker, in the order of the commits.
enum Order {
    Work(Box<Assignment>),
    /// The run has ended by hand: nothing that it does counts any more.
    Drop(RunId),
}

/// Where the writer puts what the worker should do.
#[derive(Clone)]
pub struct Inbox {
    orders: mpsc::UnboundedSender<Order>,
    due: Arc<Notify>,
}

impl Inbox {
    /// Bounded by the permits that assignments carry.
    pub(crate) fn assign(&self, assignment: Assignment) {
        // After shutdown nobody receives; the lease runs out and the run is claimed again.
        let _ended = self.orders.send(Order::Work(Box::new(assignment)));
    }

    /// Stops the work on a run that was ended in the store.
    pub(crate) fn drop_run(&self, run: RunId) {
        let _ended = self.orders.send(Order::Drop(run));
    }

    pub(crate) fn wake(&self) {
        self.due.notify_one();
    }
}

/// The worker before it runs: its queue exists before the store is opened.
pub struct Worker {
    orders: mpsc::UnboundedReceiver<Order>,
    due: Arc<Notify>,
}

pub fn new() -> (Worker, Inbox) {
    let (sender, orders) = mpsc::unbounded_channel();
    let due = Arc::new(Notify::new());
    let inbox = Inbox { orders: sender, due: Arc::clone(&due) };
    (Worker { orders, due }, inbox)
}

/// The runs under way, whose leases are extended, and what ends the work on each.
type Held = Arc<Mutex<HashMap<RunId, CancellationToken>>>;

/// Works until `stop`, then lets the attempts under way end.
pub async fn work(mut worker: Worker, engine: Engine, stop: CancellationToken) {
    let tasks = TaskTracker::new();
    let held = Held::default();
    let mut heartbeat = tokio::time::interval(HEARTBEAT);
    let mut poll = tokio::time::interval(POLL);
    let mut look = tokio::time::interval(LOOK);
    let mut clock_kept = None;
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(order) = worker.orders.recv() => match order {
                Order::Work(assignment) => start(&tasks, &engine, &held, &stop, *assignment),
                Order::Drop(run) => drop_work(&held, run),
            },
            _ = look.tick() => match cancel::elsewhere(&engine, held_runs(&held)).await {
                Ok(cancelled) => cancelled.into_iter().for_each(|run| drop_work(&held, run)),
                Err(error) => tracing::debug!(%error, "cancelled runs could not be looked for"),
            },
            () = worker.due.notified() => claim(&tasks, &engine, &held, &stop).await,
            _ = poll.tick() => {
                match kept::keep(&engine, clock_kept).await {
                    Ok(kept) => clock_kept = kept,
                    Err(error) => tracing::debug!(%error, "the clock's course could not be kept"),
                }
                claim(&tasks, &engine, &held, &stop).await;
            }
            _ = heartbeat.tick() => {
                let runs: Vec<RunId> = held_runs(&held).into_iter().collect();
                if !runs.is_empty()
                    && let Err(error) = engine.store.writer.extend_leases(runs).await
                {
                    tracing::warn!(%error, "leases could not be extended");
                }
                if let Err(error) = turn::give_free(&engine).await {
                    tracing::debug!(%error, "free turns could not be given");
                }
            }
        }
    }
    tasks.close();
    tasks.wait().await;
    if let Err(error) = kept::keep(&engine, None).await {
        tracing::debug!(%error, "the clock's course could not be kept");
    }
}

fn held_runs(held: &Held) -> HashSet<RunId> {
    held.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
}

fn drop_work(held: &Held, run: RunId) {
    if let Some(end) = held.lock().unwrap_or_else(PoisonError::into_inner).get(&run) {
        end.cancel();
    }
}

fn start(
    tasks: &TaskTracker,
    engine: &Engine,
    held: &Held,
    stop: &CancellationToken,
    assignment: Assignment,
) {
    let (engine, held, stop) = (engine.clone(), Arc::clone(held), stop.clone());
    let (run, end) = (assignment.run, CancellationToken::new());
    // Noted before the next order is read: it may end this very run.
    held.lock().unwrap_or_else(PoisonError::into_inner).insert(run, end.clone());
    tasks.spawn(async move {
        // A panic in one run must not end the worker; the run is poison and says so.
        let work = std::panic::AssertUnwindSafe(advance(&engine, &stop, assignment)).catch_unwind();
        let worked = tokio::select! {
            worked = work => worked,
            // A call under way is dropped with its connection.
            () = end.cancelled() => Ok(Ok(())),
        };
        match worked {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%run, %error, "the run is left to be claimed again"),
            Err(_) => {
                tracing::error!(%run, "the run panicked; it is ended as failed");
                if let Err(error) = poison::give_up(&engine, run).await {
                    tracing::warn!(%run, %error, "the run is left to be claimed again");
                }
            }
        }
        held.lock().unwrap_or_else(PoisonError::into_inner).remove(&run);
        // There is room again for one that waits.
        engine.inbox.wake();
    });
}

/// Takes due runs as long as there is room and something is due.
async fn claim(tasks: &TaskTracker, engine: &Engine, held: &Held, stop: &CancellationToken) {
    loop {
        // Nothing is taken to look: runs that are born meanwhile need the places.
        if engine.room.left_for_queued() == 0 || !is_any_due(engine).await {
            return;
        }
        // Room first: what is claimed begins at once, and nothing here waits for a run to end.
        let mut room = engine.room.for_queued(MOST_CLAIMED);
        if room.is_empty() {
            return;
        }
        let claimed = match engine.store.writer.claim(room.len()).await {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::debug!(%error, "due runs could not be claimed");
                return;
            }
        };
        let done = claimed.len() < room.len();
        for run in claimed {
            let Some(place) = room.pop() else { return };
            let place = engine.room.give(place, run.workflow_id);
            match load(engine, run, place).await {
                Ok(Some(assignment)) => start(tasks, engine, held, stop, assignment),
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%error, "a due run could not be read; its lease runs out")
                }
            }
        }
        if done {
            return;
        }
    }
}

/// A cheap look before a write transaction is spent on claiming.
async fn is_any_due(engine: &Engine) -> bool {
    use sea_orm::{ConnectionTrait, Statement};
    let read = &engine.store.read;
    let sql = "SELECT 1 AS due FROM runs WHERE due_at IS NOT NULL AND due_at <= $1
        AND (due_at <= $2 OR lease_owner <> $3) LIMIT 1";
    let now = engine.steady();
    // On SQLite a lease of another node is left over from a process that has died.
    let postgres = read.get_database_backend() == sea_orm::DbBackend::Postgres;
    let horizon = if postgres { now } else { now.plus_millis(LEASE_MILLIS) };
    let values = [horizon.millis().into(), now.millis().into(), engine.node.to_string().into()];
    let statement = Statement::from_sql_and_values(read.get_database_backend(), sql, values);
    read.query_one_raw(statement).await.is_ok_and(|row| row.is_some())
}

/// The event whole, as it was received.
async fn stored(engine: &Engine, seq: i64) -> Result<Option<Event>, StoreError> {
    use sea_orm::EntityTrait;
    let Some(model) = event::Entity::find_by_id(seq).one(&engine.store.read).await? else {
        return Ok(None);
    };
    let (payload, headers) = read::body(engine, model.seq).await?;
    Ok(Some(Event {
        id: model.id.parse().unwrap_or(crate::id::EventId::new(0)),
        event_id: model.event_id,
        event_type: EventType::stored(&model.event_type),
        source: model.source,
        subject: model.subject,
        received_at: Timestamp::from_millis(model.received_at),
        occurred_at: model.occurred_at.map(Timestamp::from_millis),
        payload,
        headers,
        replay_of: model.replay_of.and_then(|id| id.parse().ok()),
        key_id: model.key_id.and_then(|id| id.parse().ok()),
    }))
}

async fn load(
    engine: &Engine,
    claimed: Claimed,
    place: Place,
) -> Result<Option<Assignment>, StoreError> {
    let workflow = list::version(engine, claimed.workflow_id, claimed.workflow_version).await?;
    let mut state = claimed.state;
    // It was due: that counts, for due times follow a clock that was set, and what the run remembers does not.
    let now = engine.steady();
    state.delayed_until = state.delayed_until.map(|until| until.min(now));
    let event = match &state.event {
        Some(carried) => Some(carried.event()),
        None => stored(engine, claimed.event_seq).await?,
    };
    let (Some(event), Some(workflow)) = (event, workflow) else {
        tracing::error!(run = %claimed.run, "the run's event or workflow is gone; it cannot go on");
        return Ok(None);
    };
    Ok(Some(Assignment {
        run: claimed.run,
        event_seq: claimed.event_seq,
        event: Arc::new(event),
        workflow,
        trigger: claimed.trigger,
        state,
        started_at: claimed.started_at,
        place,
    }))
}

/// A run in the hands of the worker.
struct Working<'e> {
    engine: &'e Engine,
    assignment: Assignment,
    started_at: Timestamp,
    begun: Instant,
    /// Whether the store knows that the run is running.
    shown: bool,
}

async fn advance(
    engine: &Engine,
    stop: &CancellationToken,
    assignment: Assignment,
) -> Result<(), StoreError> {
    let started_at = assignment.started_at.unwrap_or_else(|| engine.now());
    let shown = assignment.started_at.is_some();
    let mut assignment = assignment;
    assignment.state.held_by = None;
    #[cfg(test)]
    panic_if_told(&assignment);
    let mut run = Working { engine, assignment, started_at, begun: Instant::now(), shown };
    let event = event_scope(&run.assignment.event);
    if let Err(failure) = run.begin(&event) {
        return run.fail_at_start(failure).await;
    }
    loop {
        if stop.is_cancelled() {
            return run.release().await;
        }
        let workflow = Arc::clone(&run.assignment.workflow);
        let id = run.assignment.run;
        let scope = |state: &RunState| step_scope(event.clone(), id, state);
        let (now, steady) = (engine.now(), engine.steady());
        let next = machine::next(&workflow.definition, &mut run.assignment.state, scope, steady);
        let (step, attempt_at, outcome, call) = match next {
            Next::Finished => return run.finish(RunStatus::Succeeded, None, Vec::new()).await,
            Next::Sleep { until } => return run.wait(until, Vec::new()).await,
            Next::Decided { step, outcome } => (step, now, outcome, None),
            Next::Emit { step, emit } => {
                let Assignment { event, state, .. } = &run.assignment;
                let (scope, input) = (scope(state), state.input.clone().unwrap_or_default());
                let sent = emit::emit(engine, id, &step.id, emit, event, &input, &scope).await;
                (step, now, sent, None)
            }
            Next::Call { step, http } => {
                let scope = scope(&run.assignment.state);
                match run.call(&step.id, http, &scope).await? {
                    Made::Call(call) => (step, now, call.outcome.clone(), Some(call)),
                    Made::Held { host, until } => {
                        run.assignment.state.held_by = Some(host);
                        return run.wait(until, Vec::new()).await;
                    }
                }
            }
        };
        let attempt = run.journal(&step.id, attempt_at, &outcome, call);
        let jitter = engine.environment.jitter();
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
                return run.finish(RunStatus::Failed, Some(error), vec![attempt]).await;
            }
        }
    }
}

impl Working<'_> {
    fn begin(&mut self, scope: &Scope) -> Result<(), Failure> {
        let Assignment { workflow, trigger, state, event, .. } = &mut self.assignment;
        if state.input.is_some() {
            return Ok(());
        }
        let trigger = workflow.definition.triggers.get(*trigger).ok_or_else(|| Failure {
            code: "trigger",
            message: "the trigger that started this run is gone".into(),
            permanent: true,
            retry_after: None,
        })?;
        state.input = Some(machine::begin(trigger, scope, &event.payload)?);
        Ok(())
    }

    /// Makes a call; when it takes long enough for a person to look, the event shows as processing.
    async fn call(
        &mut self,
        step: &str,
        http: &crate::workflow::definition::HttpStep,
        scope: &Scope,
    ) -> Result<Made, StoreError> {
        let id = self.assignment.run;
        let event = Arc::clone(&self.assignment.event);
        let (span, context) = self.engine.tracing.attempt(&event.headers, id, step);
        let (engine, workflow) = (self.engine, self.assignment.workflow.id);
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
            let running = self.progress(RunStatus::Running, Vec::new());
            let (held, call) = tokio::join!(self.record(running), call);
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
        call: Option<http::Call>,
    ) -> StepAttempt {
        let state = &mut self.assignment.state;
        state.attempts += 1;
        let error = match outcome {
            Outcome::Succeeded(_) => None,
            Outcome::Failed(failure) => Some(failure.message.clone()),
        };
        let duration = call.as_ref().map_or(Duration::ZERO, |call| call.duration);
        let (request, response) = call.map_or((None, None), |call| (call.request, call.response));
        StepAttempt {
            number: state.attempts,
            step: step.to_owned(),
            attempt: state.attempt + 1,
            succeeded: error.is_none(),
            started_at,
            duration_ms: duration.as_millis() as i64,
            request,
            response,
            error,
        }
    }

    fn progress(&self, status: RunStatus, attempts: Vec<StepAttempt>) -> Progress {
        let now = self.engine.now();
        Progress {
            run: self.assignment.run,
            workflow: self.assignment.workflow.id,
            state: self.assignment.state.clone(),
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
        self.record(self.progress(RunStatus::Running, attempts)).await
    }

    async fn wait(self, until: Timestamp, attempts: Vec<StepAttempt>) -> Result<(), StoreError> {
        let waiting = Progress {
            due_at: Some(until),
            keep_lease: false,
            ..self.progress(RunStatus::Waiting, attempts)
        };
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
    async fn release(self) -> Result<(), StoreError> {
        let status = if self.shown { RunStatus::Running } else { RunStatus::Queued };
        let now = self.engine.steady();
        let released =
            Progress { due_at: Some(now), keep_lease: false, ..self.progress(status, Vec::new()) };
        self.record(released).await.map(|_| ())
    }

    async fn finish(
        self,
        status: RunStatus,
        error: Option<EventError>,
        attempts: Vec<StepAttempt>,
    ) -> Result<(), StoreError> {
        let workflow = &self.assignment.workflow.definition.name;
        let error = error.map(|error| EventError { workflow: Some(workflow.clone()), ..error });
        let finished =
            Progress { error, due_at: None, keep_lease: false, ..self.progress(status, attempts) };
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
        let begun = Instant::now();
        let mut pause = Duration::from_millis(50);
        loop {
            match self.engine.store.writer.record(progress.clone()).await {
                Err(error) if error.is_unavailable() && begun.elapsed() < RECORD_PATIENCE => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(2));
                }
                answer => return answer,
            }
        }
    }
}

/// The workflow whose runs panic.
#[cfg(test)]
static PANICS: Mutex<Option<&'static str>> = Mutex::new(None);

#[cfg(test)]
pub(super) fn panic_at(workflow: &'static str) {
    *PANICS.lock().unwrap() = Some(workflow);
}

#[cfg(test)]
fn panic_if_told(assignment: &Assignment) {
    let told = *PANICS.lock().unwrap();
    assert_ne!(Some(assignment.workflow.definition.name.as_str()), told, "as the test says");
}
