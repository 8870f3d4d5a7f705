//! Workflow runs.

use sea_orm::entity::prelude::*;

use crate::id::{RunId, WorkflowId};
use crate::run::{RunRecord, RunState, RunStatus, StepAttempt};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "runs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub event_seq: i64,
    pub workflow_id: String,
    pub workflow_name: String,
    pub workflow_version: i64,
    pub trigger_index: i64,
    pub status: String,
    pub due_at: Option<i64>,
    pub lease_owner: Option<String>,
    pub state: String,
    pub attempts: i64,
    pub error: Option<String>,
    pub created_at: i64,
    pub started_at: Option<i64>,
    pub finished_at: Option<i64>,
    pub test: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The run with its journal.
    pub fn with_attempts(self, attempts: Vec<StepAttempt>) -> RunRecord {
        let waits = self.status == RunStatus::Waiting.as_str();
        let state = waits.then(|| serde_json::from_str::<RunState>(&self.state).ok()).flatten();
        RunRecord {
            id: self.id.parse().unwrap_or(RunId::new(0)),
            workflow_id: self.workflow_id.parse().unwrap_or(WorkflowId::new(0)),
            workflow_name: self.workflow_name,
            workflow_version: self.workflow_version,
            test: self.test,
            status: RunStatus::stored(&self.status),
            due_at: self.due_at.map(Timestamp::from_millis),
            held_by: state.and_then(|state| state.held_by),
            created_at: Timestamp::from_millis(self.created_at),
            started_at: self.started_at.map(Timestamp::from_millis),
            finished_at: self.finished_at.map(Timestamp::from_millis),
            error: self.error.as_deref().and_then(|json| serde_json::from_str(json).ok()),
            attempts_made: self.attempts,
            attempts,
        }
    }
}
