//! Where single events come in, and what every answer of intake goes through.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use tower::ServiceExt;

use crate::config::{ByteSize, RateLimit};
use crate::rate_limit::{self, Addresses};
use crate::request_id;
use crate::router::AppState;

/// Where single events come in.
pub(crate) const EVENT: &str = "/api/webhooks/ingest";

/// What answers requests; every connection has one.
#[derive(Clone)]
pub(crate) struct Door {
    state: AppState,
    addresses: Addresses,
    router: Router,
}

impl Door {
    pub(crate) fn new(state: AppState, addresses: Addresses, router: Router) -> Self {
        Self { state, addresses, router }
    }

    pub(crate) fn state(&self) -> &AppState {
        &self.state
    }

    pub(crate) fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    pub(crate) fn max_body(&self) -> ByteSize {
        self.state.max_body
    }

    /// Whether single events go by the [`lane`](crate::lane). Spans and lines about requests are made beside it.
    pub(crate) fn has_lane(&self) -> bool {
        !request_id::is_told()
    }

    pub(crate) async fn answer(self, request: Request<Incoming>) -> Result<Response, Infallible> {
        self.router.oneshot(request).await
    }
}

/// What is done to every answer of intake.
pub(crate) fn answered(
    state: &AppState,
    limit: RateLimit,
    response: Response,
    took: Duration,
) -> Response {
    state.metrics.note(&response, took);
    rate_limit::describe(limit, response)
}
