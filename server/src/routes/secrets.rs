//! `/api/v1/secrets`: what http steps read as `${secret.NAME}`; set and deleted, never shown.

use app::model::{Page, SecretView};
use app::ssr::secrets;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use engine::secret;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body;
use super::query::Name;
use crate::auth::{Authorized, Manage, Read};
use crate::problem::Problem;
use crate::router::AppState;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SecretValue)]
pub(crate) struct SetBody {
    /// 6 to 8192 bytes.
    #[schema(min_length = 6, max_length = 8192)]
    value: String,
}

pub(crate) async fn list(
    _: Authorized<Read>,
    State(state): State<AppState>,
) -> Result<Json<Page<SecretView>>, Problem> {
    Ok(Json(Page::whole(secrets::all(&state.engine).await?)))
}

/// Sets a new secret, or an existing one anew.
pub(crate) async fn set(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Name(name): Name,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Problem> {
    let SetBody { value } = body::read_json(&headers, body, state.max_body).await?;
    let engine = &state.engine;
    secret::set(&engine.store, &engine.vault, &engine.environment, &name, &value).await?;
    secret::forget(engine, &name).await;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn delete(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Name(name): Name,
) -> Result<StatusCode, Problem> {
    secret::delete(&state.engine.store, &name).await?;
    secret::forget(&state.engine, &name).await;
    Ok(StatusCode::NO_CONTENT)
}
