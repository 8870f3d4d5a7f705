//! `/api/v1/workflows/{id}/signing-secret`: what who is called checks signatures with.

use app::model::SigningSecretView;
use app::ssr::secrets;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use engine::id::WorkflowId;
use engine::workflow::signing;

use crate::auth::{Authorized, Manage};
use crate::problem::Problem;
use crate::router::AppState;
use crate::routes::query::Named;

type Unkept = [(HeaderName, HeaderValue); 1];

/// Caches on the way must not remember it.
fn unkept() -> Unkept {
    [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))]
}

pub(crate) async fn show(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Named(id): Named<WorkflowId>,
) -> Result<(Unkept, Json<SigningSecretView>), Problem> {
    let secret = signing::show(&state.engine, id).await?;
    Ok((unkept(), Json(secrets::signing(&secret, state.engine.now()))))
}

/// The secret before it signs beside the new one for a day.
pub(crate) async fn rotate(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Named(id): Named<WorkflowId>,
) -> Result<(Unkept, Json<SigningSecretView>), Problem> {
    let secret = signing::rotate(&state.engine, id).await?;
    Ok((unkept(), Json(secrets::signing(&secret, state.engine.now()))))
}
