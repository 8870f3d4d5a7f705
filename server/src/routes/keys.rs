//! `/api/v1/keys`: make, list, revoke.

use app::model::{KeyView, Page};
use app::ssr::convert;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use engine::event::Pattern;
use engine::key::Permission;
use engine::key::manage::{self, NewKey};
use engine::workflow::duration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body;
use super::query::{Name, wrong};
use crate::auth::{Authorized, Manage, Read};
use crate::problem::Problem;
use crate::router::AppState;

pub(crate) async fn list(
    _: Authorized<Read>,
    State(state): State<AppState>,
) -> Result<Json<Page<KeyView>>, Problem> {
    let keys = manage::list(&state.engine.store).await?;
    let now = state.engine.now();
    Ok(Json(Page::whole(keys.iter().map(|key| convert::key(key, now)).collect())))
}

/// A key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewKey)]
pub(crate) struct CreateBody {
    /// What the key is for, as you will know it later.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    #[schema(min_items = 1)]
    permissions: Vec<Permission>,
    /// Event type patterns the key may send; none means every type.
    #[serde(default)]
    scopes: Vec<String>,
    /// How many events it may send, such as `600/min`, `20/s` or `5000/h`.
    #[schema(example = "600/min")]
    rate_limit: Option<String>,
    /// After how long it ends, such as `90d`; at most `366d`.
    #[schema(example = "90d")]
    expires: Option<String>,
}

/// The only answer that has the key itself.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedKey {
    #[serde(flatten)]
    view: KeyView,
    /// The whole key. It is shown once.
    key: String,
}

/// Makes a key; its secret is in this answer and nowhere else.
pub(crate) async fn create(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<CreatedKey>), Problem> {
    let body: CreateBody = body::read_json(&headers, body, state.max_body).await?;
    let name = manage::name(&body.name).map_err(|error| wrong("name", error))?;
    if body.permissions.is_empty() {
        return Err(wrong("permissions", "a key needs at least one permission"));
    }
    let scopes = body.scopes.iter().map(|scope| Pattern::parse(scope)).collect::<Result<_, _>>();
    let rate_limit = body.rate_limit.as_deref().map(str::parse).transpose();
    let life = body.expires.as_deref().map(duration::parse).transpose();
    let now = state.engine.now();
    let new = NewKey {
        name,
        permissions: body.permissions,
        scopes: scopes.map_err(|error| wrong("scopes", error))?,
        rate_limit: rate_limit.map_err(|error| wrong("rateLimit", error))?,
        expires_at: life.map_err(|error| wrong("expires", error))?.map(|life| now.plus(life)),
    };
    let (key, secret) = manage::create(&state.engine.store, &state.engine.environment, new).await?;
    let view = convert::key(&key, state.engine.now());
    let created = CreatedKey { view, key: secret.reveal().to_owned() };
    Ok((StatusCode::CREATED, Json(created)))
}

pub(crate) async fn revoke(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Name(id): Name,
) -> Result<StatusCode, Problem> {
    manage::revoke(&state.engine.store, &state.engine.environment, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
