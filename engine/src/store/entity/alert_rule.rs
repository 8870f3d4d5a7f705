//! Alert rules and how they stand.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "alert_rules")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub name: String,
    pub condition: String,
    pub repeat_millis: i64,
    pub muted_until: Option<i64>,
    pub state: String,
    pub since: i64,
    pub calm: i64,
    pub told_at: Option<i64>,
    pub value: Option<f64>,
    pub created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
