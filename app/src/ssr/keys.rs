//! API keys for the dashboard: made, listed, ended.

use engine::Engine;
use engine::event::Pattern;
use engine::key::Permission;
use engine::key::manage::{self, NewKey, RevokeError};
use engine::workflow::duration;

use super::{convert, fail, invalid, not_found, once};
use crate::ApiError;
use crate::model::{KeyView, User};

pub async fn list(engine: &Engine) -> Result<Vec<KeyView>, ApiError> {
    let keys = manage::list(&engine.store).await.map_err(fail)?;
    let now = engine.now();
    Ok(keys.iter().map(|key| convert::key(key, now)).collect())
}

/// What the form says, as it says it.
pub struct KeyForm {
    pub name: String,
    pub permissions: Vec<Permission>,
    /// Patterns with blanks or commas between.
    pub scopes: String,
    /// Such as `600/min`; blank for a key without a limit of its own.
    pub rate_limit: String,
    /// A duration such as `90d`; blank for a key that does not end.
    pub expires: String,
}

/// Makes a key; the ticket with which its maker sees it once.
pub async fn create(engine: &Engine, user: &User, form: KeyForm) -> Result<String, ApiError> {
    let name = manage::name(&form.name).map_err(invalid)?;
    if form.permissions.is_empty() {
        return Err(invalid("Choose at least one thing that the key may do."));
    }
    let scopes = form.scopes.split([' ', ',', '\n', '\r', '\t']).filter(|scope| !scope.is_empty());
    let scopes = scopes.map(Pattern::parse).collect::<Result<_, _>>().map_err(invalid)?;
    let given = |text: &'_ str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let rate_limit = given(&form.rate_limit).map(|text| text.parse()).transpose();
    let life = given(&form.expires).map(|text| duration::parse(&text)).transpose();
    let life = life.map_err(invalid)?;
    let new = NewKey {
        name,
        permissions: form.permissions,
        scopes,
        rate_limit: rate_limit.map_err(invalid)?,
        expires_at: life.map(|life| engine.now().plus(life)),
    };
    let made = manage::create(&engine.store, &engine.environment, new).await;
    let (_, secret) = made.map_err(fail)?;
    Ok(once::keep(engine, user, secret.reveal().to_owned()))
}

pub async fn revoke(engine: &Engine, id: &str) -> Result<(), ApiError> {
    match manage::revoke(&engine.store, &engine.environment, id).await {
        Ok(_) => Ok(()),
        Err(RevokeError::Unknown(_)) => Err(not_found()),
        Err(error @ RevokeError::Store(_)) => Err(fail(error)),
    }
}
