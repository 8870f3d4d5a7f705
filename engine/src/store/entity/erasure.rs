//! Erasures, how far each has come, and their receipts.

use sea_orm::entity::prelude::*;

use crate::erasure::{Counts, Erasure, State};
use crate::id::ErasureId;
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "erasures")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub created_by: String,
    pub created_at: i64,
    pub finished_at: Option<i64>,
    pub state: String,
    pub kind: String,
    pub path: Option<String>,
    pub value_hash: String,
    pub sealed: Option<String>,
    pub upper_seq: i64,
    pub position: i64,
    pub events: i64,
    pub runs: i64,
    pub bytes: i64,
    pub held: i64,
    pub deliveries: i64,
    pub digest: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for Erasure {
    fn from(model: Model) -> Self {
        Self {
            id: model.id.parse().unwrap_or(ErasureId::new(0)),
            created_by: model.created_by,
            created_at: Timestamp::from_millis(model.created_at),
            finished_at: model.finished_at.map(Timestamp::from_millis),
            state: State::stored(&model.state),
            kind: model.kind,
            path: model.path,
            value_hash: model.value_hash,
            sealed: model.sealed,
            upper_seq: model.upper_seq,
            position: model.position,
            counts: Counts {
                events: model.events,
                runs: model.runs,
                bytes: model.bytes,
                held: model.held,
                deliveries: model.deliveries,
            },
            digest: model.digest,
        }
    }
}

impl From<&Erasure> for Model {
    fn from(erasure: &Erasure) -> Self {
        let Counts { events, runs, bytes, held, deliveries } = erasure.counts;
        Self {
            id: erasure.id.to_string(),
            created_by: erasure.created_by.clone(),
            created_at: erasure.created_at.millis(),
            finished_at: erasure.finished_at.map(Timestamp::millis),
            state: erasure.state.as_str().into(),
            kind: erasure.kind.clone(),
            path: erasure.path.clone(),
            value_hash: erasure.value_hash.clone(),
            sealed: erasure.sealed.clone(),
            upper_seq: erasure.upper_seq,
            position: erasure.position,
            events,
            runs,
            bytes,
            held,
            deliveries,
            digest: erasure.digest.clone(),
        }
    }
}
