//! The extractor that closes every management route: a key with the permission, or a person whose
//! role has it.

use std::marker::PhantomData;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::{HeaderMap, header, request::Parts};
use engine::Engine;
use engine::audit::{self, Actor};
use engine::key::Permission;
use engine::key::verify::{self, KeyError};
use engine::store::StoreError;
use engine::user::{self, Role, User, session};
use tower_sessions::Session;

use super::backend::SignedIn;
use super::{AuthSession, origin};
use crate::problem::{Code, Problem};
use crate::router::AppState;

/// What a route needs.
pub(crate) trait Need: Send + Sync + 'static {
    const PERMISSION: Permission;
    /// Whether a person must be an owner.
    const OWNER: bool = false;
}

pub(crate) struct Read;
pub(crate) struct Manage;
/// What only an owner may, among people; a key needs to manage.
pub(crate) struct Own;

impl Need for Read {
    const PERMISSION: Permission = Permission::Read;
}

impl Need for Manage {
    const PERMISSION: Permission = Permission::Manage;
}

impl Need for Own {
    const PERMISSION: Permission = Permission::Manage;
    const OWNER: bool = true;
}

/// Proof that the caller may do what the route does, when it was asked: see [`Self::ended`].
pub(crate) struct Authorized<N> {
    by: By,
    need: PhantomData<N>,
}

/// By what the caller is known.
enum By {
    /// As it was presented.
    Key(String),
    Session {
        id: String,
        person: User,
    },
}

/// How often what goes on for long asks again whether it may.
const ASKED_AGAIN: Duration = Duration::from_secs(2);

impl<N: Need> Authorized<N> {
    const fn by(by: By) -> Self {
        Self { by, need: PhantomData }
    }

    /// Returns once the caller may no longer do what the route does: the key was revoked, the session
    /// has ended, or the person has another role or password, or is gone.
    pub(crate) async fn ended(&self, engine: &Engine) {
        loop {
            tokio::time::sleep(ASKED_AGAIN).await;
            match self.still(engine).await {
                Ok(true) => {}
                Ok(false) => return,
                // While nothing can be read there is nothing to be told either.
                Err(error) => tracing::debug!(%error, "who may go on could not be read"),
            }
        }
    }

    async fn still(&self, engine: &Engine) -> Result<bool, StoreError> {
        match &self.by {
            By::Key(key) => match verify::verify(engine, key).await {
                Ok(key) => Ok(key.allows(N::PERMISSION)),
                Err(KeyError::Invalid) => Ok(false),
                Err(KeyError::Store(error)) => Err(error),
            },
            By::Session { id, person } => {
                let store = &engine.store;
                let known = user::find(store, person.id).await?.is_some_and(|now| {
                    now.session_secret() == person.session_secret() && suffices::<N>(now.role)
                });
                Ok(known && session::is_open(store, id, engine.now()).await?)
            }
        }
    }
}

impl<N: Need> FromRequestParts<AppState> for Authorized<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        if let Some(presented) = presented_key(&parts.headers) {
            let key = verify::verify(&state.engine, presented).await?;
            return match key.allows(N::PERMISSION) {
                true => {
                    audit::enter(Actor::key(&key.name, &key.prefix));
                    Ok(Self::by(By::Key(presented.to_owned())))
                }
                false => Err(forbidden(N::PERMISSION, "key")),
            };
        }
        let session = AuthSession::from_request_parts(parts, state).await;
        let Some(SignedIn(person)) = session.ok().and_then(|session| session.user) else {
            return Err(Problem::unauthorized());
        };
        if !origin::is_own(&parts.method, &parts.headers) {
            let detail = "Changes by session are only taken from Sluice's own pages.";
            return Err(Problem::new(Code::ForeignOrigin, detail));
        }
        if !suffices::<N>(person.role) {
            return Err(match may(person.role, N::PERMISSION) {
                true => {
                    Problem::new(Code::Forbidden, "Only an owner may do this: ask one of them.")
                }
                false => forbidden(N::PERMISSION, "role"),
            });
        }
        audit::enter(Actor::person(&person.email));
        let id = parts.extensions.get::<Session>().and_then(Session::id);
        let id = id.map(|id| id.to_string()).unwrap_or_default();
        Ok(Self::by(By::Session { id, person }))
    }
}

fn suffices<N: Need>(role: Role) -> bool {
    may(role, N::PERMISSION) && (!N::OWNER || role == Role::Owner)
}

fn may(role: Role, permission: Permission) -> bool {
    match permission {
        Permission::Read => true,
        Permission::Manage | Permission::Ingest => matches!(role, Role::Operator | Role::Owner),
    }
}

fn forbidden(permission: Permission, by: &str) -> Problem {
    let detail = format!("This needs the permission `{permission}`, which the {by} does not have.");
    Problem::new(Code::Forbidden, detail)
}

/// The key of a request, from `x-api-key` or `Authorization: Bearer`.
pub(crate) fn presented_key(headers: &HeaderMap) -> Option<&str> {
    if let Some(key) = headers.get("x-api-key") {
        return Some(key.to_str().unwrap_or_default());
    }
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}
