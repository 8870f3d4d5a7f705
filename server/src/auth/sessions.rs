//! Sessions in Sluice's own store, and the cookie that names them.

use std::fmt;

use async_trait::async_trait;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use axum_login::{AuthManagerLayer, AuthManagerLayerBuilder};
use engine::Engine;
use engine::user::session::{self, Kept};
use serde_json::Value;
use tower_sessions::cookie::SameSite;
use tower_sessions::cookie::time::{Duration, OffsetDateTime};
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use tower_sessions::{Expiry, SessionManagerLayer, SessionStore};

use super::backend::Users;
use crate::proxies::TrustedProxies;

/// The cookie that names a session.
pub(crate) const COOKIE: &str = "sluice_session";

/// What a session says of who signed in.
const DATA: &str = "user";
/// What it says of where that was.
pub(crate) const CLIENT: &str = "client";
pub(crate) const ADDRESS: &str = "address";

/// For how long a browser keeps the cookie; the store may end the session before, see [`session`].
const LONGEST: Duration = Duration::milliseconds(session::LONGEST_MILLIS);

#[derive(Clone)]
pub(crate) struct Sessions(Engine);

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions")
    }
}

pub(crate) fn layer(engine: &Engine) -> AuthManagerLayer<Users, Sessions> {
    let sessions = SessionManagerLayer::new(Sessions(engine.clone()))
        .with_name(COOKIE)
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        // `Secure` is added where the request came by TLS; see `secure_cookies`.
        .with_secure(false)
        .with_expiry(Expiry::OnInactivity(LONGEST));
    AuthManagerLayerBuilder::new(Users(engine.clone()), sessions).with_data_key(DATA).build()
}

/// Marks cookies `Secure` when the client came by TLS.
pub(crate) async fn secure_cookies(
    State(proxies): State<TrustedProxies>,
    request: Request,
    next: Next,
) -> Response {
    let https = proxies.is_https(request.headers(), request.extensions());
    let mut response = next.run(request).await;
    if https {
        let headers = response.headers_mut().iter_mut();
        for (_, value) in headers.filter(|(name, _)| *name == header::SET_COOKIE) {
            let secured = value.to_str().ok().map(|cookie| format!("{cookie}; Secure"));
            if let Some(secured) = secured.and_then(|text| HeaderValue::try_from(text).ok()) {
                *value = secured;
            }
        }
    }
    response
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        // An id is 128 random bits: meeting another takes more sessions than there will ever be.
        self.save(record).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let data = serde_json::to_string(&record.data).map_err(|e| Error::Encode(e.to_string()))?;
        let said = |name| record.data.get(name).and_then(Value::as_str).unwrap_or_default();
        let user = record.data.get(DATA).and_then(|data| data.get("user_id")?.as_str());
        let kept = Kept {
            id: record.id.to_string(),
            data,
            user: user.and_then(|id| id.parse().ok()),
            client: said(CLIENT).to_owned(),
            address: said(ADDRESS).to_owned(),
        };
        let saved = session::save(&self.0.store, kept, self.0.now()).await;
        saved.map_err(|error| Error::Backend(error.to_string()))
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let loaded = session::load(&self.0.store, &id.to_string(), self.0.now()).await;
        let Some((data, expires)) = loaded.map_err(|error| Error::Backend(error.to_string()))?
        else {
            return Ok(None);
        };
        let expiry_date = OffsetDateTime::from_unix_timestamp(expires.millis() / 1_000)
            .map_err(|error| Error::Decode(error.to_string()))?;
        let data = serde_json::from_str(&data).map_err(|error| Error::Decode(error.to_string()))?;
        Ok(Some(Record { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let deleted = session::delete(&self.0.store, id.to_string(), self.0.now()).await;
        deleted.map_err(|error| Error::Backend(error.to_string()))
    }
}
