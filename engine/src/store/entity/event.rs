//! The narrow half of an event: what lists, filters and settling need.

use sea_orm::entity::prelude::*;

use crate::event::{EventRow, EventStatus, EventType};
use crate::id::EventId;
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    pub id: String,
    pub event_id: String,
    pub event_type: String,
    pub source: String,
    pub subject: Option<String>,
    pub status: String,
    pub received_at: i64,
    pub occurred_at: Option<i64>,
    pub processed_at: Option<i64>,
    pub payload_preview: String,
    pub payload_bytes: i64,
    pub runs_open: i64,
    pub runs_failed: i64,
    pub attempts: i64,
    pub error: Option<String>,
    pub replay_of: Option<String>,
    pub key_id: Option<String>,
    pub error_group: Option<String>,
    pub bulk_id: Option<String>,
    pub held: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for EventRow {
    fn from(model: Model) -> Self {
        Self {
            seq: model.seq,
            id: model.id.parse().unwrap_or(EventId::new(0)),
            event_id: model.event_id,
            event_type: EventType::stored(&model.event_type),
            source: model.source,
            subject: model.subject,
            status: model.status.parse().unwrap_or(EventStatus::Pending),
            received_at: Timestamp::from_millis(model.received_at),
            occurred_at: model.occurred_at.map(Timestamp::from_millis),
            processed_at: model.processed_at.map(Timestamp::from_millis),
            payload_preview: model.payload_preview,
            payload_bytes: model.payload_bytes,
            runs_open: model.runs_open,
            runs_failed: model.runs_failed,
            attempts: model.attempts,
            error: model.error.as_deref().and_then(|json| serde_json::from_str(json).ok()),
            replay_of: model.replay_of.and_then(|id| id.parse().ok()),
            error_group: model.error_group,
            bulk: model.bulk_id.and_then(|id| id.parse().ok()),
            held: model.held,
        }
    }
}
