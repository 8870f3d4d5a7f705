//! The journal of step attempts.

use sea_orm::entity::prelude::*;

use crate::run::StepAttempt;
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "step_attempts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub run_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    pub step: String,
    pub attempt: i64,
    pub status: String,
    pub started_at: i64,
    pub duration_ms: i64,
    pub request: Option<String>,
    pub response: Option<String>,
    pub error: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for StepAttempt {
    fn from(model: Model) -> Self {
        Self {
            number: model.number,
            step: model.step,
            attempt: u32::try_from(model.attempt).unwrap_or(u32::MAX),
            succeeded: model.status == "succeeded",
            started_at: Timestamp::from_millis(model.started_at),
            duration_ms: model.duration_ms,
            request: model.request,
            response: model.response,
            error: model.error,
        }
    }
}
