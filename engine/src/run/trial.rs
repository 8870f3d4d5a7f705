//! Test runs: a version of a workflow run for real on an event of one's choice.
//!
//! Invariant: a test run changes nothing of its event, and no figure counts it. An event that was only
//! made up for it is carried in the run's own state and is stored nowhere else.

use sea_orm::ActiveModelTrait;
use serde::{Deserialize, Serialize};

use super::{RunState, RunStatus};
use crate::Engine;
use crate::audit::Note;
use crate::event::read::{self, ReadError};
use crate::event::{Event, EventType, Headers};
use crate::id::{EventId, RunId};
use crate::json;
use crate::run::scope::event_scope;
use crate::store::entity::run;
use crate::store::{Change, StoreError};
use crate::time::Timestamp;
use crate::workflow::Workflow;
use crate::workflow::explain::{self, Reason};

/// The number of the event that a test run on a made up event has: none has it.
pub(crate) const NO_EVENT: i64 = 0;

/// A made up event, as a run carries it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Carried {
    id: EventId,
    event_id: String,
    event_type: String,
    source: String,
    subject: Option<String>,
    received_at: Timestamp,
    occurred_at: Option<Timestamp>,
    /// JSON text, as it was sent.
    payload: String,
}

impl From<&Event> for Carried {
    fn from(event: &Event) -> Self {
        Self {
            id: event.id,
            event_id: event.event_id.clone(),
            event_type: event.event_type.to_string(),
            source: event.source.clone(),
            subject: event.subject.clone(),
            received_at: event.received_at,
            occurred_at: event.occurred_at,
            payload: event.payload.to_string(),
        }
    }
}

impl Carried {
    pub(crate) fn event(&self) -> Event {
        Event {
            id: self.id,
            event_id: self.event_id.clone(),
            event_type: EventType::stored(&self.event_type),
            source: self.source.clone(),
            subject: self.subject.clone(),
            received_at: self.received_at,
            occurred_at: self.occurred_at,
            payload: self.payload.as_str().into(),
            headers: Headers::default(),
            replay_of: None,
            key_id: None,
        }
    }
}

/// Runs the workflow on an event that has come, which stays as it is.
pub async fn on_event(
    engine: &Engine,
    workflow: &Workflow,
    event: EventId,
) -> Result<RunId, ReadError> {
    let record = read::get(engine, event).await?;
    let seq = record.row.seq;
    let trigger = trigger(workflow, &record.event());
    Ok(begin(engine, workflow, seq, trigger, RunState::default()).await?)
}

/// Runs the workflow on an event that is made up for it.
pub async fn on_made(
    engine: &Engine,
    workflow: &Workflow,
    event: &Event,
) -> Result<RunId, StoreError> {
    let state = RunState { event: Some(Box::new(event.into())), ..RunState::default() };
    begin(engine, workflow, NO_EVENT, trigger(workflow, event), state).await
}

/// The trigger that the event matches; where none does, the first, for it is asked for all the same.
fn trigger(workflow: &Workflow, event: &Event) -> usize {
    let scope = event_scope(event);
    let matches = |trigger| explain::judge(trigger, event, &scope) == Reason::Matched;
    workflow.definition.triggers.iter().position(matches).unwrap_or(0)
}

async fn begin(
    engine: &Engine,
    workflow: &Workflow,
    event_seq: i64,
    trigger: usize,
    state: RunState,
) -> Result<RunId, StoreError> {
    let state = RunState { test: true, ..state };
    let id = RunId::new(engine.environment.next_id());
    let now = engine.now().millis();
    let model = run::Model {
        id: id.to_string(),
        event_seq,
        workflow_id: workflow.id.to_string(),
        workflow_name: workflow.definition.name.clone(),
        workflow_version: workflow.version,
        trigger_index: trigger as i64,
        status: RunStatus::Queued.as_str().to_owned(),
        due_at: Some(engine.steady().millis()),
        lease_owner: None,
        state: json::text(&state),
        attempts: 0,
        error: None,
        created_at: now,
        started_at: None,
        finished_at: None,
        test: true,
    };
    let insert = Change::new(move |transaction| {
        let run = run::ActiveModel::from(model.clone()).reset_all();
        Box::pin(async move {
            run.insert(transaction).await?;
            Ok(())
        })
    });
    let note = Note::new("workflow.tested", workflow.id.to_string()).saying(id.to_string());
    engine.store.writer.change(insert.noted(note)).await?;
    engine.inbox.wake();
    Ok(id)
}
