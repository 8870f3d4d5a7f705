//! Signing in and out, and the first owner: plain forms that work without a script.

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{ConnectInfo, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::response::Redirect;
use engine::audit::{self, Actor, Note};
use engine::user::{self, UserError, invitation};
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tower_sessions::Session;

use crate::auth::AuthSession;
use crate::auth::backend::{Credentials, SignedIn};
use crate::auth::sessions::{ADDRESS, CLIENT};
use crate::problem::{Code, Problem};
use crate::proxies;
use crate::router::{AppState, own_origin};

/// As much of a browser's name is kept.
const LONGEST_CLIENT: usize = 200;

/// Proof that the form came from our own page, and the address it came from.
pub(crate) struct OwnForm {
    caller: IpAddr,
    address: IpAddr,
    /// What the browser says that it is.
    client: String,
    session: Session,
}

impl FromRequestParts<AppState> for OwnForm {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        own_origin(&Method::POST, &parts.headers)?;
        let client = state.proxies.client(&parts.headers, &parts.extensions);
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
        let address = client.or(peer).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let session =
            parts.extensions.get::<Session>().cloned().ok_or_else(|| {
                Problem::new(Code::Internal, "There is no session to sign in to.")
            })?;
        let client = parts.headers.get(header::USER_AGENT).and_then(|text| text.to_str().ok());
        let client = client.unwrap_or_default().chars().take(LONGEST_CLIENT).collect();
        Ok(Self { caller: proxies::caller(address), address, client, session })
    }
}

#[derive(Deserialize)]
pub(crate) struct LoginForm {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

pub(crate) async fn login(
    State(state): State<AppState>,
    form: OwnForm,
    mut session: AuthSession,
    body: Result<Form<LoginForm>, FormRejection>,
) -> Result<Redirect, Problem> {
    let Form(body) =
        body.map_err(|error| Problem::new(Code::InvalidParameter, error.body_text()))?;
    if !state.sign_ins.allow(form.caller) {
        return Ok(Redirect::to("/login?error=throttled"));
    }
    let given = Credentials { email: body.email, password: body.password };
    match session.authenticate(given).await.map_err(internal)? {
        Some(user) => {
            let email = user.0.email.clone();
            enter(&state, &form, &mut session, user).await?;
            note(&state, "user.signed_in", &email).await?;
            Ok(Redirect::to(own_path(&body.next)))
        }
        None => Ok(Redirect::to("/login?error=wrong")),
    }
}

#[derive(Deserialize)]
pub(crate) struct SetUpForm {
    token: String,
    email: String,
    password: String,
}

pub(crate) async fn set_up(
    State(state): State<AppState>,
    form: OwnForm,
    mut session: AuthSession,
    body: Result<Form<SetUpForm>, FormRejection>,
) -> Result<Redirect, Problem> {
    let Form(body) =
        body.map_err(|error| Problem::new(Code::InvalidParameter, error.body_text()))?;
    let token: String = body.token.chars().filter(char::is_ascii_alphanumeric).collect();
    let again = |error: &str| Redirect::to(&format!("/setup?token={token}&error={error}"));
    if !state.sign_ins.allow(form.caller) {
        return Ok(again("throttled"));
    }
    let engine = &state.engine;
    let made =
        user::set_up(&engine.store, &engine.environment, &token, &body.email, &body.password);
    match made.await {
        Ok(user) => {
            enter(&state, &form, &mut session, SignedIn(user)).await?;
            Ok(Redirect::to("/"))
        }
        Err(UserError::WeakPassword) => Ok(again("weak")),
        Err(UserError::Email(_)) => Ok(again("email")),
        Err(UserError::Taken) => Ok(again("taken")),
        Err(UserError::LinkExpired) => Ok(again("expired")),
        Err(UserError::Store(error)) => Err(error.into()),
        Err(error) => Err(internal(error)),
    }
}

#[derive(Deserialize)]
pub(crate) struct JoinForm {
    token: String,
    /// Only to show the form again as it was.
    #[serde(default)]
    email: String,
    password: String,
}

/// Whoever was asked in chooses a password.
pub(crate) async fn join(
    State(state): State<AppState>,
    form: OwnForm,
    mut session: AuthSession,
    body: Result<Form<JoinForm>, FormRejection>,
) -> Result<Redirect, Problem> {
    let Form(body) =
        body.map_err(|error| Problem::new(Code::InvalidParameter, error.body_text()))?;
    let token: String = body.token.chars().filter(char::is_ascii_alphanumeric).collect();
    let again = |error: &str| {
        let fields = [("token", token.as_str()), ("email", body.email.as_str()), ("error", error)];
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        Redirect::to(&format!("/join?{query}"))
    };
    if !state.sign_ins.allow(form.caller) {
        return Ok(again("throttled"));
    }
    let engine = &state.engine;
    match invitation::accept(&engine.store, &engine.environment, &token, &body.password).await {
        Ok(user) => {
            enter(&state, &form, &mut session, SignedIn(user)).await?;
            Ok(Redirect::to("/"))
        }
        Err(UserError::WeakPassword) => Ok(again("weak")),
        Err(UserError::InvitationEnded) => Ok(again("ended")),
        Err(UserError::Store(error)) => Err(error.into()),
        Err(error) => Err(internal(error)),
    }
}

/// Ends the session on the server, not only its cookie.
pub(crate) async fn logout(
    State(state): State<AppState>,
    headers: HeaderMap,
    mut session: AuthSession,
) -> Result<Redirect, Problem> {
    own_origin(&Method::POST, &headers)?;
    if let Some(user) = session.logout().await.map_err(internal)? {
        note(&state, "user.signed_out", &user.0.email).await?;
    }
    Ok(Redirect::to("/login"))
}

async fn note(state: &AppState, action: &'static str, email: &str) -> Result<(), Problem> {
    audit::enter(Actor::person(email));
    Ok(audit::record(&state.engine.store, Note::new(action, email)).await?)
}

/// Always under a new id: one that the browser brought may have been planted there.
async fn enter(
    state: &AppState,
    form: &OwnForm,
    session: &mut AuthSession,
    user: SignedIn,
) -> Result<(), Problem> {
    state.sign_ins.succeeded(form.caller);
    form.session.cycle_id().await.map_err(internal)?;
    form.session.insert(CLIENT, &form.client).await.map_err(internal)?;
    form.session.insert(ADDRESS, form.address.to_string()).await.map_err(internal)?;
    session.login(&user).await.map_err(internal)
}

fn internal(error: impl std::error::Error) -> Problem {
    tracing::error!(%error, "a sign-in could not be completed");
    Problem::new(Code::Internal, "The cause is in Sluice's log. Try again.")
}

/// Only a path of our own: anything else would lead people away.
fn own_path(next: &str) -> &str {
    let own = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains('\\')
        && !next.chars().any(char::is_control);
    if own { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn sign_in_never_leads_to_another_site() {
        assert_eq!(own_path("/events/evt_1?x=1"), "/events/evt_1?x=1");
        for foreign in ["//evil.example", "https://evil.example", "/\\evil.example", "", "/\n/evil"]
        {
            assert_eq!(own_path(foreign), "/", "{foreign}");
        }
    }
}
