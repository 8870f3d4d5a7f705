//! Operations on many events, and how far each has come.

use sea_orm::entity::prelude::*;

use crate::bulk::{Action, Operation, Phase, State};
use crate::id::BulkId;
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "bulk_operations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub action: String,
    pub filter: String,
    pub note: Option<String>,
    pub created_by: String,
    pub created_at: i64,
    pub finished_at: Option<i64>,
    pub state: String,
    pub reason: Option<String>,
    pub canary: bool,
    pub phase: String,
    pub watched: String,
    pub upper_seq: i64,
    pub position: i64,
    pub total: i64,
    pub done: i64,
    pub succeeded: i64,
    pub failed: i64,
    pub skipped: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for Operation {
    fn from(model: Model) -> Self {
        Self {
            id: model.id.parse().unwrap_or(BulkId::new(0)),
            action: Action::stored(&model.action),
            filter: serde_json::from_str(&model.filter).unwrap_or_default(),
            note: model.note,
            created_by: model.created_by,
            created_at: Timestamp::from_millis(model.created_at),
            finished_at: model.finished_at.map(Timestamp::from_millis),
            state: State::stored(&model.state),
            reason: model.reason,
            canary: model.canary,
            phase: Phase::stored(&model.phase),
            watched: serde_json::from_str(&model.watched).unwrap_or_default(),
            upper_seq: model.upper_seq,
            position: model.position,
            total: model.total,
            done: model.done,
            succeeded: model.succeeded,
            failed: model.failed,
            skipped: model.skipped,
        }
    }
}

impl From<&Operation> for Model {
    fn from(operation: &Operation) -> Self {
        Self {
            id: operation.id.to_string(),
            action: operation.action.as_str().into(),
            filter: serde_json::json!(operation.filter).to_string(),
            note: operation.note.clone(),
            created_by: operation.created_by.clone(),
            created_at: operation.created_at.millis(),
            finished_at: operation.finished_at.map(Timestamp::millis),
            state: operation.state.as_str().into(),
            reason: operation.reason.clone(),
            canary: operation.canary,
            phase: operation.phase.as_str().into(),
            watched: serde_json::json!(operation.watched).to_string(),
            upper_seq: operation.upper_seq,
            position: operation.position,
            total: operation.total,
            done: operation.done,
            succeeded: operation.succeeded,
            failed: operation.failed,
            skipped: operation.skipped,
        }
    }
}
