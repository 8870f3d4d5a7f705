//! The way of the busiest requests: single events are answered without the router, whose layers and
//! boxes cost several times what telling one path does.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Method, Request};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use tower::ServiceExt;

use crate::config::RateLimit;
use crate::rate_limit;
use crate::router::AppState;
use crate::routes::ingest;

/// Where single events come in.
pub(crate) const EVENT: &str = "/api/webhooks/ingest";

/// What answers requests; every connection has one.
#[derive(Clone)]
pub(crate) struct Door {
    state: AppState,
    limit: RateLimit,
    router: Router,
}

impl Door {
    pub(crate) fn new(state: AppState, limit: RateLimit, router: Router) -> Self {
        Self { state, limit, router }
    }

    pub(crate) async fn answer(self, request: Request<Incoming>) -> Result<Response, Infallible> {
        if !self.is_short(&request) {
            return self.router.oneshot(request).await;
        }
        // Awaited where it is made: what is passed on first is copied whole, and it is large.
        let begun = Instant::now();
        let response = ingest::event(State(self.state.clone()), request.map(Body::new)).await;
        Ok(answered(&self.state, self.limit, response.into_response(), begun.elapsed()))
    }

    /// A limit on callers is the router's to keep.
    fn is_short(&self, request: &Request<Incoming>) -> bool {
        self.limit == RateLimit::Off
            && request.method() == Method::POST
            && request.uri().path() == EVENT
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

#[cfg(test)]
mod tests {
    use super::EVENT;

    #[test]
    fn the_short_way_leads_where_the_router_does() {
        let route = format!(".route(\"{EVENT}\", post(ingest::event))");
        assert!(include_str!("router.rs").contains(&route));
    }
}
