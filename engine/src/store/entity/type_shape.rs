//! What the payloads of an event type look like.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "type_shapes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_type: String,
    pub shape: String,
    pub events: i64,
    pub bytes: i64,
    pub largest: i64,
    pub first_seen: i64,
    pub last_seen: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// A type of which nothing is known.
    pub fn new(event_type: &str, first_seen: i64) -> Self {
        Self {
            event_type: event_type.to_owned(),
            shape: "{}".to_owned(),
            events: 0,
            bytes: 0,
            largest: 0,
            first_seen,
            last_seen: first_seen,
        }
    }
}
