//! API keys; the secret is only here as its hash.

use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;

use crate::event::Pattern;
use crate::id::KeyId;
use crate::key::{ApiKey, SecretHash};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub name: String,
    pub prefix: String,
    pub secret_hash: String,
    pub permissions: String,
    pub scopes: String,
    pub rate_limit: Option<String>,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    pub revoked_at: Option<i64>,
    pub last_used_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for ApiKey {
    fn from(model: Model) -> Self {
        let list = |json: &str| serde_json::from_str::<Vec<String>>(json).unwrap_or_default();
        Self {
            id: model.id.parse().unwrap_or(KeyId::new(0)),
            name: model.name,
            prefix: model.prefix,
            permissions: list(&model.permissions).iter().filter_map(|p| p.parse().ok()).collect(),
            scopes: list(&model.scopes).iter().filter_map(|s| Pattern::parse(s).ok()).collect(),
            rate_limit: model.rate_limit.and_then(|rate| rate.parse().ok()),
            created_at: Timestamp::from_millis(model.created_at),
            expires_at: model.expires_at.map(Timestamp::from_millis),
            revoked_at: model.revoked_at.map(Timestamp::from_millis),
            last_used_at: model.last_used_at.map(Timestamp::from_millis),
            // A hash that cannot be read matches nothing.
            secret_hash: SecretHash::from_hex(&model.secret_hash).unwrap_or(SecretHash::of("")),
        }
    }
}

impl From<&ApiKey> for ActiveModel {
    fn from(key: &ApiKey) -> Self {
        let json = |list: Vec<&str>| serde_json::json!(list).to_string();
        Model {
            id: key.id.to_string(),
            name: key.name.clone(),
            prefix: key.prefix.clone(),
            secret_hash: key.secret_hash.to_hex(),
            permissions: json(key.permissions.iter().map(|p| p.as_str()).collect()),
            scopes: json(key.scopes.iter().map(|s| s.as_str()).collect()),
            rate_limit: key.rate_limit.map(|rate| rate.to_string()),
            created_at: key.created_at.millis(),
            expires_at: key.expires_at.map(Timestamp::millis),
            revoked_at: key.revoked_at.map(Timestamp::millis),
            last_used_at: key.last_used_at.map(Timestamp::millis),
        }
        .into_active_model()
        .reset_all()
    }
}
