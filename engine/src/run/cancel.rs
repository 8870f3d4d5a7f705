//! Ending a run by hand, wherever it stands: queued, waiting, or in the middle of a call.
//!
//! The run is ended in the store first. Only then is the work on it dropped: by this node at once, by
//! another as soon as it looks whether its runs are still its own.

use std::sync::Arc;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::read;
use super::{RunDetail, RunState, RunStatus, StepAttempt};
use crate::Engine;
use crate::audit;
use crate::event::EventError;
use crate::id::{RunId, WorkflowId};
use crate::store::StoreError;
use crate::store::entity::run;
use crate::time::Timestamp;
use crate::workflow::{Workflow, list};

#[derive(Debug, thiserror::Error)]
pub enum CancelError {
    #[error("there is no run {0}")]
    Unknown(RunId),
    #[error("the run has already {}: only a run that has not ended can be cancelled", ended(*.0))]
    Ended(RunStatus),
    #[error("the run could not be cancelled: {0}")]
    Store(#[from] StoreError),
}

fn ended(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Cancelled => "been cancelled",
        RunStatus::Failed => "failed",
        _ => "succeeded",
    }
}

/// What the writer needs to know to end a run.
#[derive(Debug, Clone)]
pub(crate) struct Cancel {
    pub(crate) run: RunId,
    /// Names the step that was under way; `None` when the version is gone.
    pub(crate) workflow: Option<Arc<Workflow>>,
    /// The workflow that gives the run its turn, where it needs one.
    pub(crate) turned: Option<WorkflowId>,
    /// Who decided it, for the run's journal.
    pub(crate) by: String,
}

/// Ends the run. Its event is settled with it, when this was its last open run.
pub async fn cancel(engine: &Engine, id: RunId) -> Result<RunDetail, CancelError> {
    let unknown = CancelError::Unknown(id);
    let found = run::Entity::find_by_id(id.to_string()).one(&engine.store.read).await;
    let found = found.map_err(StoreError::from)?.ok_or(unknown)?;
    let id_of_workflow = found.workflow_id.parse().ok();
    let workflow = match id_of_workflow {
        Some(workflow) => list::version(engine, workflow, found.workflow_version).await?,
        None => None,
    };
    let state: RunState = serde_json::from_str(&found.state).unwrap_or_default();
    let turned = id_of_workflow.filter(|_| state.turn.is_some());
    let by = audit::current().map_or_else(|| "hand".to_owned(), |actor| actor.name);
    engine.store.writer.cancel(Cancel { run: id, workflow, turned, by }).await?;
    read::get(engine, id).await.map_err(|error| match error {
        read::RunReadError::Unknown(id) => CancelError::Unknown(id),
        read::RunReadError::Store(error) => CancelError::Store(error),
    })
}

impl Cancel {
    /// The error that the run carries from now on. Pure.
    pub(crate) fn error(&self, state: &RunState, now: Timestamp) -> EventError {
        EventError {
            error_code: "cancelled".into(),
            error_message: format!("cancelled by {}", self.by),
            exhausted_retry_condition: None,
            retry_attempts: i64::from(state.attempt),
            first_failed_at: state.first_failed_at.unwrap_or(now),
            last_failed_at: now,
            run_id: Some(self.run),
            workflow: self.workflow.as_ref().map(|workflow| workflow.definition.name.clone()),
            step: self.step(state),
        }
    }

    /// The journal's line for the attempt that was under way. Pure.
    pub(crate) fn attempt(&self, state: &mut RunState, now: Timestamp) -> StepAttempt {
        state.attempts += 1;
        state.attempt += 1;
        StepAttempt {
            number: state.attempts,
            step: self.step(state).unwrap_or_else(|| "?".into()),
            attempt: state.attempt,
            succeeded: false,
            started_at: now,
            duration_ms: 0,
            request: None,
            response: None,
            error: Some(format!("cancelled by {}; an answer was not waited for", self.by)),
        }
    }

    fn step(&self, state: &RunState) -> Option<String> {
        let steps = &self.workflow.as_ref()?.definition.steps;
        steps.get(state.position).map(|step| step.id.clone())
    }
}

/// Those of `held` that were cancelled by another node. On SQLite there is none.
pub(super) async fn elsewhere(engine: &Engine, held: Vec<RunId>) -> Result<Vec<RunId>, StoreError> {
    if held.is_empty() || !engine.store.is_shared() {
        return Ok(Vec::new());
    }
    let ids = run::Entity::find()
        .select_only()
        .column(run::Column::Id)
        .filter(run::Column::Id.is_in(held.iter().map(RunId::to_string)))
        .filter(run::Column::Status.eq(RunStatus::Cancelled.as_str()))
        .into_tuple::<String>()
        .all(&engine.store.read)
        .await?;
    Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
}
