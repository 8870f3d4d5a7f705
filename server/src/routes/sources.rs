//! `/api/v1/sources`: which providers may deliver; never their secrets.

use app::model::{Page, Timestamp};
use app::ssr::convert;
use axum::Json;
use axum::extract::State;
use engine::source::{Kind, Source, manage};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{Authorized, Read};
use crate::problem::Problem;
use crate::router::AppState;

/// A source as everyone who may read sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Source)]
pub(crate) struct SourceView {
    id: String,
    name: String,
    kind: Kind,
    /// Where the provider delivers to.
    path: String,
    /// How many secrets count now.
    secrets: usize,
    created_at: Timestamp,
}

pub(crate) async fn list(
    _: Authorized<Read>,
    State(state): State<AppState>,
) -> Result<Json<Page<SourceView>>, Problem> {
    let sources = manage::list(&state.engine.store, &state.engine.vault).await?;
    Ok(Json(Page::whole(sources.iter().map(view).collect())))
}

pub(crate) fn view(source: &Source) -> SourceView {
    SourceView {
        id: source.id.to_string(),
        name: source.name.clone(),
        kind: source.kind,
        path: format!("/api/webhooks/{}", source.name),
        secrets: source.secret_count(),
        created_at: convert::time(source.created_at),
    }
}
