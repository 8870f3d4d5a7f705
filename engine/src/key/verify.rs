//! Checks the key of a request without an fsync and, nearly always, without the database.
//!
//! What a prefix stands for is remembered for two seconds, so that a revocation, also one made by
//! another process, is in force well within five.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::limit::{Limits, Standing};
use super::{ApiKey, SecretHash, prefix_of};
use crate::Engine;
use crate::id::KeyId;
use crate::store::StoreError;
use crate::store::entity::api_key;
use crate::time::Timestamp;

const REMEMBERED: Duration = Duration::from_secs(2);

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Unknown, wrong, revoked or expired: nobody outside is told which.
    #[error("the API key is not valid")]
    Invalid,
    #[error("the key could not be looked up")]
    Store(#[source] StoreError),
}

/// Keys looked up lately, and when each was last used.
pub struct KeyCache {
    known: moka::future::Cache<String, Option<Arc<ApiKey>>>,
    used: Mutex<HashMap<KeyId, Timestamp>>,
    limits: Limits,
}

impl Default for KeyCache {
    fn default() -> Self {
        let known =
            moka::future::Cache::builder().max_capacity(100_000).time_to_live(REMEMBERED).build();
        Self { known, used: Mutex::default(), limits: Limits::default() }
    }
}

impl KeyCache {
    /// When keys were used since the last call, to be written in one go.
    pub(crate) fn take_used(&self) -> Vec<(KeyId, Timestamp)> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).drain().collect()
    }
}

/// The key that `presented` is, when it is live. Unknown, wrong, revoked and expired keys take the
/// same path and the same time.
pub async fn verify(engine: &Engine, presented: &str) -> Result<Arc<ApiKey>, KeyError> {
    let hash = SecretHash::of(presented);
    let prefix = prefix_of(presented).ok_or(KeyError::Invalid)?;
    let found = match engine.keys.known.get(prefix).await {
        Some(found) => found,
        None => {
            let look_up = find(engine, prefix);
            let looked_up = engine.keys.known.try_get_with(prefix.to_owned(), look_up).await;
            looked_up.map_err(|error| KeyError::Store(StoreError::shared(&error)))?
        }
    };
    let now = engine.now();
    match found {
        Some(key) if key.secret_hash.matches(&hash) && key.is_live(now) => {
            let mut used = engine.keys.used.lock().unwrap_or_else(PoisonError::into_inner);
            used.insert(key.id, now);
            drop(used);
            Ok(key)
        }
        _ => Err(KeyError::Invalid),
    }
}

/// Counts `events` against the key's own limit, if it has one.
pub fn spend(engine: &Engine, key: &ApiKey, events: usize) -> Option<Standing> {
    let count = u32::try_from(events).unwrap_or(u32::MAX);
    let now = engine.now();
    key.rate_limit.map(|rate| engine.keys.limits.take(key.id, rate, now, count))
}

async fn find(engine: &Engine, prefix: &str) -> Result<Option<Arc<ApiKey>>, StoreError> {
    let found = api_key::Entity::find()
        .filter(api_key::Column::Prefix.eq(prefix))
        .one(&engine.store.admit)
        .await?;
    Ok(found.map(|model| Arc::new(model.into())))
}
