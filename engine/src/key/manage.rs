//! Making, listing and revoking keys.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, Set,
};

use super::limit::Rate;
use super::{ApiKey, Permission, Secret};
use crate::audit::Note;
use crate::event::Pattern;
use crate::id::KeyId;
use crate::store::entity::api_key;
use crate::store::{Change, Store, StoreError};
use crate::{Environment, time::Timestamp};

const LONGEST_NAME: usize = 255;

/// What a new key may do and until when.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// As [`name`] takes it.
    pub name: String,
    pub permissions: Vec<Permission>,
    pub scopes: Vec<Pattern>,
    pub rate_limit: Option<Rate>,
    pub expires_at: Option<Timestamp>,
}

#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    #[error("there is no key `{0}`: list them with `sluice keys list`")]
    Unknown(String),
    #[error("the key could not be revoked")]
    Store(#[source] StoreError),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key's name has 1 to {LONGEST_NAME} bytes and no control characters")]
pub struct InvalidName;

/// What people call a key, without what stands around it.
pub fn name(text: &str) -> Result<String, InvalidName> {
    let name = text.trim();
    let fits = (1..=LONGEST_NAME).contains(&name.len()) && !name.contains(char::is_control);
    fits.then(|| name.to_owned()).ok_or(InvalidName)
}

/// Makes a key; its secret is in the answer and nowhere else.
pub async fn create(
    store: &Store,
    environment: &Environment,
    new: NewKey,
) -> Result<(ApiKey, Secret), StoreError> {
    let secret = Secret::generate(&*environment.random);
    let now = environment.clock.now();
    let key = ApiKey {
        id: KeyId::new(environment.next_id()),
        name: new.name,
        prefix: secret.prefix().to_owned(),
        permissions: new.permissions,
        scopes: new.scopes,
        rate_limit: new.rate_limit,
        created_at: now,
        expires_at: new.expires_at,
        revoked_at: None,
        last_used_at: None,
        secret_hash: secret.hash(),
    };
    let model = api_key::ActiveModel::from(&key);
    let insert = Change::new(move |transaction| {
        let model = model.clone();
        Box::pin(async move {
            model.insert(transaction).await?;
            Ok(())
        })
    });
    let rights = key.permissions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let note = Note::new("key.created", key.id.to_string())
        .saying(format!("{} ({}…), may {rights}", key.name, key.prefix));
    store.writer.change(insert.noted(note)).await?;
    Ok((key, secret))
}

/// All keys, newest first.
pub async fn list(store: &Store) -> Result<Vec<ApiKey>, StoreError> {
    let models =
        api_key::Entity::find().order_by_desc(api_key::Column::CreatedAt).all(&store.read).await?;
    Ok(models.into_iter().map(ApiKey::from).collect())
}

/// Ends a key, named by its id or its prefix. Revoking twice changes nothing.
pub async fn revoke(
    store: &Store,
    environment: &Environment,
    name: &str,
) -> Result<ApiKey, RevokeError> {
    let by_name = api_key::Column::Id.eq(name).or(api_key::Column::Prefix.eq(name));
    let model = api_key::Entity::find()
        .filter(by_name)
        .one(&store.read)
        .await
        .map_err(|error| RevokeError::Store(error.into()))?
        .ok_or_else(|| RevokeError::Unknown(name.to_owned()))?;
    if model.revoked_at.is_none() {
        let id = model.id.clone();
        let now = environment.clock.now().millis();
        let update = Change::new(move |transaction| {
            let model = api_key::ActiveModel {
                id: Set(id.clone()),
                revoked_at: Set(Some(now)),
                ..Default::default()
            };
            Box::pin(async move {
                model.update(transaction).await?;
                Ok(())
            })
        });
        let note = Note::new("key.revoked", &model.id)
            .saying(format!("{} ({}…)", model.name, model.prefix));
        store.writer.change(update.noted(note)).await.map_err(RevokeError::Store)?;
    }
    Ok(model.into())
}
