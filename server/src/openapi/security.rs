//! How a caller shows who it is, and what that must allow.

use engine::key::Permission;
use utoipa::openapi::SecurityRequirement;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};

use crate::auth::sessions;

const KEY: &str = "apiKey";
const BEARER: &str = "bearer";
const SESSION: &str = "session";

pub(super) fn schemes() -> [(&'static str, SecurityScheme); 3] {
    let key = "A key made by `sluice keys create`.";
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
    let session = "A person who has signed in. Changes are taken from Sluice's own pages alone.";
    [
        (
            KEY,
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description("x-api-key", key))),
        ),
        (BEARER, SecurityScheme::Http(bearer.description(Some("The same key.")).build())),
        (
            SESSION,
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
                sessions::COOKIE,
                session,
            ))),
        ),
    ]
}

/// The ways in, each of which is enough. The permission stands as the role that OpenAPI 3.1 allows
/// here; people do not send events by their session.
pub(super) fn ways(permission: Permission) -> Vec<SecurityRequirement> {
    let ways: &[&str] = match permission {
        Permission::Ingest => &[KEY, BEARER],
        Permission::Read | Permission::Manage => &[KEY, BEARER, SESSION],
    };
    ways.iter().map(|way| SecurityRequirement::new(*way, [permission.as_str()])).collect()
}
