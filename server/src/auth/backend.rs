//! Sluice's users as axum-login sees them.

use axum_login::{AuthUser, AuthnBackend};
use engine::Engine;
use engine::store::StoreError;
use engine::user::{self, User};

/// The person behind a session.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn(pub(crate) User);

impl AuthUser for SignedIn {
    type Id = String;

    fn id(&self) -> String {
        self.0.id.to_string()
    }

    fn session_auth_hash(&self) -> &[u8] {
        self.0.session_secret()
    }
}

#[derive(Clone)]
pub(crate) struct Users(pub(crate) Engine);

pub(crate) struct Credentials {
    pub email: String,
    pub password: String,
}

impl AuthnBackend for Users {
    type User = SignedIn;
    type Credentials = Credentials;
    type Error = StoreError;

    async fn authenticate(&self, given: Credentials) -> Result<Option<SignedIn>, StoreError> {
        let found = user::authenticate(&self.0.store, &given.email, &given.password).await?;
        Ok(found.map(SignedIn))
    }

    async fn get_user(&self, id: &String) -> Result<Option<SignedIn>, StoreError> {
        let Ok(id) = id.parse() else { return Ok(None) };
        Ok(user::find(&self.0.store, id).await?.map(SignedIn))
    }
}
