//! `/api/v1/sources`: which providers may deliver; never their secrets.

use app::model::{Page, SourceView};
use app::ssr::convert;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use engine::source;
use engine::source::Kind;
use engine::source::manage::{self, NewSource};
use serde::Deserialize;
use utoipa::ToSchema;

use super::body;
use super::query::Name;
use crate::auth::{Authorized, Manage, Read};
use crate::problem::Problem;
use crate::router::AppState;

/// A source to be made.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewSource)]
pub(crate) struct CreateBody {
    /// The end of its address, and the `source` of its events.
    #[schema(pattern = "^[a-z0-9_-]{1,64}$")]
    name: String,
    kind: Kind,
    /// What the provider signs with, as the provider shows it.
    #[schema(min_length = 1)]
    secret: String,
    /// For `hmac`: the header with the signature, in hexadecimal or base64; `x-signature` without it.
    #[schema(pattern = "^[A-Za-z0-9-]{1,64}$")]
    signature_header: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SourceSecret)]
pub(crate) struct RotateBody {
    /// What the provider signs with from now on.
    #[schema(min_length = 1)]
    secret: String,
}

pub(crate) async fn list(
    _: Authorized<Read>,
    State(state): State<AppState>,
) -> Result<Json<Page<SourceView>>, Problem> {
    let sources = manage::list(&state.engine.store, &state.engine.vault).await?;
    Ok(Json(Page::whole(sources.iter().map(convert::source).collect())))
}

pub(crate) async fn get(
    _: Authorized<Read>,
    State(state): State<AppState>,
    Name(name): Name,
) -> Result<Json<SourceView>, Problem> {
    let source = manage::get(&state.engine.store, &state.engine.vault, &name).await?;
    Ok(Json(convert::source(&source)))
}

pub(crate) async fn create(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<SourceView>), Problem> {
    let CreateBody { name, kind, secret, signature_header } =
        body::read_json(&headers, body, state.max_body).await?;
    let new = NewSource { name, kind, secret, signature_header };
    let engine = &state.engine;
    let source = manage::create(&engine.store, &engine.vault, &engine.environment, new).await?;
    Ok((StatusCode::CREATED, Json(convert::source(&source))))
}

/// Puts a new secret in force; the one before it counts beside it until the next rotation.
pub(crate) async fn rotate(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Name(name): Name,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<SourceView>, Problem> {
    let RotateBody { secret } = body::read_json(&headers, body, state.max_body).await?;
    let rotated = source::rotate(&state.engine, &name, secret).await?;
    Ok(Json(convert::source(&rotated)))
}

/// Ends the secrets before the newest.
pub(crate) async fn end_old_secrets(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Name(name): Name,
) -> Result<Json<SourceView>, Problem> {
    let source = source::end_old_secrets(&state.engine, &name).await?;
    Ok(Json(convert::source(&source)))
}

pub(crate) async fn delete(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Name(name): Name,
) -> Result<StatusCode, Problem> {
    source::delete(&state.engine, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
