//! The server's side of the dashboard: who calls, and the engine behind the server functions.
//!
//! Invariant: every server function begins with [`signed_in`], and every failure passes through
//! [`fail`], which sets the HTTP status and logs what the browser is not told.

use std::{collections::BTreeMap, fmt::Display, sync::Arc};

use axum::http::{HeaderMap, Method, StatusCode, header, request::Parts};
use engine::Engine;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;

use crate::{
    ApiError,
    model::{Stats, User},
};

pub mod alerts;
pub mod audit;
pub mod bulk;
pub mod convert;
pub mod dead_letters;
pub mod definitions;
pub mod editor;
pub mod erasures;
pub mod events;
pub mod history;
pub mod keys;
mod once;
pub mod overview;
pub mod people;
pub mod previews;
pub mod quarantine;
pub mod retention;
pub mod runs;
pub mod secrets;
pub mod sessions;
pub mod sources;
pub mod types;
pub mod workflows;

pub use once::reveal;

/// Provided by the server for each request.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    pub user: Option<User>,
    /// The session's name, see [`engine::user::session::handle`].
    pub session: Option<String>,
}

/// Provided by the server: takes one of the few tries that this caller has to guess a password; false
/// when none is left.
#[derive(Clone)]
pub struct Tries(pub Arc<dyn Fn() -> bool + Send + Sync>);

/// Provided by the server: the files of the browser's build.
#[derive(Clone, Debug, Default)]
pub struct Assets {
    /// The folder that they are in, which has another name whenever one of them changes: they may
    /// be cached for ever, and what they load by a relative address may be too.
    pub folder: String,
    /// Names of the files that the module of a page consists of.
    pub parts: Arc<BTreeMap<String, Vec<String>>>,
}

impl Assets {
    pub fn address(&self, file: &str) -> String {
        format!("{}/{file}", self.folder)
    }
}

pub fn signed_in() -> Result<(Engine, User), ApiError> {
    let caller = use_context::<Caller>().unwrap_or_default();
    let Some(user) = caller.user else {
        return Err(refuse(StatusCode::UNAUTHORIZED, ApiError::SignedOut));
    };
    let engine = use_context::<Engine>().ok_or_else(|| fail("no engine in the context"))?;
    Ok((engine, user))
}

/// Like [`signed_in`], for what changes something: a viewer only reads.
pub fn operator() -> Result<(Engine, User), ApiError> {
    let (engine, user) = signed_in()?;
    if user.role == "viewer" {
        let reason = "Your role may look but not change anything: ask an owner for more.";
        return Err(refuse_with(StatusCode::FORBIDDEN, reason));
    }
    Ok((engine, user))
}

/// Like [`signed_in`], for what concerns other people: only an owner manages them.
pub fn owner() -> Result<(Engine, User), ApiError> {
    let (engine, user) = signed_in()?;
    if user.role != "owner" {
        let reason = "Only an owner may do this: ask one of them.";
        return Err(refuse_with(StatusCode::FORBIDDEN, reason));
    }
    Ok((engine, user))
}

/// Answers with `status`; on a page this is the page's own status.
pub fn set_status(status: StatusCode) {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(status);
    }
}

/// A plain form is sent back to its page, which says why: with a status of its own, the browser would
/// show the bare answer instead.
pub fn refuse(status: StatusCode, error: ApiError) -> ApiError {
    if !is_plain_form() {
        set_status(status);
    }
    error
}

/// Refuses with the reason, which says what to do.
pub fn refuse_with(status: StatusCode, reason: impl Display) -> ApiError {
    refuse(status, ApiError::Refused(reason.to_string()))
}

/// Refuses what cannot be done as it was asked; `reason` says what to change.
pub fn invalid(reason: impl Display) -> ApiError {
    refuse_with(StatusCode::UNPROCESSABLE_ENTITY, reason)
}

pub fn not_found() -> ApiError {
    refuse(StatusCode::NOT_FOUND, ApiError::NotFound)
}

/// Logs the cause, and gives the browser a reference to it.
pub fn fail(cause: impl Display) -> ApiError {
    use std::sync::atomic::{AtomicU32, Ordering};
    static FAILURES: AtomicU32 = AtomicU32::new(1);
    let reference = format!("ui-{}", FAILURES.fetch_add(1, Ordering::Relaxed));
    tracing::error!(%reference, %cause, "a dashboard request failed");
    refuse(StatusCode::INTERNAL_SERVER_ERROR, ApiError::Internal(reference))
}

/// Sends a plain form on to `path`; a call from the page's script is left alone.
pub fn redirect_form(path: &str) {
    if is_plain_form() {
        leptos_axum::redirect(path);
    }
}

fn is_plain_form() -> bool {
    use_context::<Parts>()
        .is_some_and(|parts| parts.method == Method::POST && accepts_html(&parts.headers))
}

/// Sends the browser on to `path`, where the secret behind `ticket` is shown.
pub fn show_once(path: &str, ticket: Option<String>) {
    match ticket {
        Some(ticket) => leptos_axum::redirect(&format!("{path}?made={ticket}")),
        None => leptos_axum::redirect(path),
    }
}

fn accepts_html(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

pub async fn stats(engine: &Engine) -> Result<Stats, ApiError> {
    engine::stats::current(engine).await.map(|stats| convert::stats(&stats)).map_err(fail)
}
