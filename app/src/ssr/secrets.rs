//! Secrets for the dashboard and the API.

use engine::Engine;
use engine::secret::{self, SecretError};
use engine::time::Timestamp;
use engine::workflow::signing::SigningSecret;

use super::convert::time;
use super::{fail, invalid, not_found};
use crate::ApiError;
use crate::model::{SecretView, SigningSecretView};

/// All of them by name, with the workflows that read them.
pub async fn all(engine: &Engine) -> Result<Vec<SecretView>, SecretError> {
    let workflows = engine.workflows.current();
    let shown = |secret: secret::Secret| SecretView {
        used_by: secret::used_by(&workflows, &secret.name),
        name: secret.name,
        created_at: time(secret.created_at),
        updated_at: time(secret.updated_at),
    };
    Ok(secret::list(&engine.store).await?.into_iter().map(shown).collect())
}

/// `now` decides whether the secret before it still signs.
pub fn signing(secret: &SigningSecret, now: Timestamp) -> SigningSecretView {
    let previous = secret.previous.as_ref().filter(|previous| now < previous.until);
    SigningSecretView {
        secret: secret.secret.clone(),
        previous_until: previous.map(|previous| time(previous.until)),
    }
}

pub async fn set(engine: &Engine, name: &str, value: &str) -> Result<(), ApiError> {
    let set = secret::set(&engine.store, &engine.vault, &engine.environment, name, value).await;
    set.map_err(told)?;
    secret::forget(engine, name).await;
    Ok(())
}

pub async fn delete(engine: &Engine, name: &str) -> Result<(), ApiError> {
    secret::delete(&engine.store, name).await.map_err(told)?;
    secret::forget(engine, name).await;
    Ok(())
}

pub fn told(error: SecretError) -> ApiError {
    match error {
        SecretError::Name(_) | SecretError::Value => invalid(error),
        SecretError::Unknown(_) => not_found(),
        SecretError::Vault(_) | SecretError::Store(_) => fail(error),
    }
}
