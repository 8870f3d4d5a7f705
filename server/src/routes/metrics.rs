//! `/metrics`: what Prometheus reads, with a key that may read, or without where that is allowed.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::auth::{Authorized, Read};
use crate::problem::{Code, Problem};
use crate::router::AppState;

/// OpenMetrics 1.0.
pub(crate) const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(crate) async fn scrape(
    allowed: Result<Authorized<Read>, Problem>,
    State(state): State<AppState>,
) -> Result<Response, Problem> {
    if !state.metrics.open {
        allowed?;
    }
    let text = state.metrics.text(&state.engine).await;
    let text = text.map_err(|_| Problem::new(Code::Internal, "The metrics cannot be written."))?;
    Ok(([(header::CONTENT_TYPE, KIND)], text).into_response())
}
