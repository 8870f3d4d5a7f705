//! `/api/v1/keys`: make, list, revoke.

use app::model::KeyView;
use app::ssr::convert;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use engine::event::Pattern;
use engine::key::Permission;
use engine::key::manage::{self, NewKey};
use engine::workflow::duration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::query::wrong;
use crate::auth::{Authorized, Manage, Read};
use crate::problem::Problem;
use crate::router::AppState;

pub(crate) async fn list(
    _: Authorized<Read>,
    State(state): State<AppState>,
) -> Result<Json<Value>, Problem> {
    let keys = manage::list(&state.engine.store).await?;
    let now = state.engine.now();
    let items: Vec<KeyView> = keys.iter().map(|key| convert::key(key, now)).collect();
    Ok(Json(json!({ "items": items, "nextCursor": null })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateBody {
    name: String,
    permissions: Vec<Permission>,
    #[serde(default)]
    scopes: Vec<String>,
    /// Such as `600/min`.
    rate_limit: Option<String>,
    /// After how long it ends, such as `90d`.
    expires: Option<String>,
}

/// Makes a key; its secret is in this answer and nowhere else.
pub(crate) async fn create(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    body: Result<Json<CreateBody>, JsonRejection>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let Json(body) = body.map_err(|error| wrong("body", error.body_text()))?;
    let name = body.name.trim();
    if name.is_empty() || body.permissions.is_empty() {
        return Err(wrong("body", "a key needs a name and at least one permission"));
    }
    let scopes = body.scopes.iter().map(|scope| Pattern::parse(scope)).collect::<Result<_, _>>();
    let rate_limit = body.rate_limit.as_deref().map(str::parse).transpose();
    let life = body.expires.as_deref().map(duration::parse).transpose();
    let now = state.engine.now();
    let new = NewKey {
        name: name.to_owned(),
        permissions: body.permissions,
        scopes: scopes.map_err(|error| wrong("scopes", error))?,
        rate_limit: rate_limit.map_err(|error| wrong("rateLimit", error))?,
        expires_at: life.map_err(|error| wrong("expires", error))?.map(|life| now.plus(life)),
    };
    let (key, secret) = manage::create(&state.engine.store, &state.engine.environment, new).await?;
    let mut view = json!(convert::key(&key, state.engine.now()));
    view["key"] = secret.reveal().into();
    Ok((StatusCode::CREATED, Json(view)))
}

pub(crate) async fn revoke(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    manage::revoke(&state.engine.store, &state.engine.environment, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
