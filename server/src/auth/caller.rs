//! The extractor that closes every management route: a key with the permission, or a person whose
//! role has it.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::{HeaderMap, header, request::Parts};
use engine::audit::{self, Actor};
use engine::key::{Permission, verify};
use engine::user::Role;

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

/// Proof that the caller may do what the route does.
pub(crate) struct Authorized<N>(PhantomData<N>);

impl<N: Need> FromRequestParts<AppState> for Authorized<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        if let Some(key) = presented_key(&parts.headers) {
            let key = verify::verify(&state.engine, key).await?;
            return match key.allows(N::PERMISSION) {
                true => {
                    audit::enter(Actor::key(&key.name, &key.prefix));
                    Ok(Self(PhantomData))
                }
                false => Err(forbidden(N::PERMISSION, "key")),
            };
        }
        let session = AuthSession::from_request_parts(parts, state).await;
        let Some(user) = session.ok().and_then(|session| session.user) else {
            return Err(Problem::unauthorized());
        };
        if !origin::is_own(&parts.method, &parts.headers) {
            let detail = "Changes by session are only taken from Sluice's own pages.";
            return Err(Problem::new(Code::ForeignOrigin, detail));
        }
        let allowed = may(user.0.role, N::PERMISSION);
        match allowed && (!N::OWNER || user.0.role == Role::Owner) {
            true => {
                audit::enter(Actor::person(&user.0.email));
                Ok(Self(PhantomData))
            }
            false if allowed => {
                Err(Problem::new(Code::Forbidden, "Only an owner may do this: ask one of them."))
            }
            false => Err(forbidden(N::PERMISSION, "role")),
        }
    }
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
