//! `POST /api/webhooks/{source}`: what a provider delivers, believed by its signature.

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use engine::source::{self, Delivery, Outcome};
use tracing::Span;

use super::{AcceptedBody, pairs};
use crate::problem::Problem;
use crate::router::AppState;
use crate::routes::body;
use crate::routes::query::Name;
use crate::telemetry::otlp;

pub(crate) async fn delivery(
    State(state): State<AppState>,
    Name(name): Name,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    // The signature is over the bytes as they were sent.
    let body = body::read_as_sent(&headers, body, state.max_body).await?;
    let ours = otlp::headers_of(&Span::current());
    let headers: Vec<_> =
        pairs(&ours, &headers).map(|(name, value)| (name.to_owned(), value.into_owned())).collect();
    let delivery = Delivery { headers: &headers, body: &body };
    match source::deliver(&state.engine, &name, delivery).await? {
        Outcome::Accepted(accepted, named) => {
            Ok(AcceptedBody::new(accepted, named).into_response())
        }
        Outcome::Challenge(text) => Ok(text.into_response()),
    }
}
