//! The limit on requests per caller at the edge, by tower_governor, with the headers of both
//! conventions.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Request, Response};
use axum::response::IntoResponse;
use std::net::IpAddr;
use tower_governor::governor::{GovernorConfig, GovernorConfigBuilder};
use tower_governor::key_extractor::KeyExtractor;
use tower_governor::{GovernorError, GovernorLayer};

use crate::config::RateLimit;
use crate::problem::{Code, Problem};
use crate::proxies::{TrustedProxies, caller};

pub(crate) type Layer =
    GovernorLayer<Callers, governor::middleware::StateInformationMiddleware, Body>;

#[derive(Debug, Clone)]
pub(crate) struct Callers(TrustedProxies);

impl KeyExtractor for Callers {
    type Key = IpAddr;

    fn extract<T>(&self, request: &Request<T>) -> Result<IpAddr, GovernorError> {
        let client = self.0.client(request.headers(), request.extensions());
        client.map(caller).ok_or(GovernorError::UnableToExtractKey)
    }
}

/// The layer for intake, or `None` when the limit is off.
pub(crate) fn layer(limit: RateLimit, proxies: TrustedProxies) -> Option<Layer> {
    let RateLimit::Per { requests, seconds } = limit else { return None };
    let period = Duration::from_secs(u64::from(seconds)) / requests.get();
    let config: GovernorConfig<_, _> = GovernorConfigBuilder::default()
        .period(period)
        .burst_size(requests.get())
        .key_extractor(Callers(proxies))
        .use_headers()
        .finish()?;
    let limiter = config.limiter().clone();
    // The table grows with every new caller until it is swept.
    tokio::spawn(async move {
        let mut sweep = tokio::time::interval(Duration::from_secs(60));
        loop {
            sweep.tick().await;
            limiter.retain_recent();
        }
    });
    Some(GovernorLayer::new(config).error_handler(refuse))
}

fn refuse(error: GovernorError) -> Response<Body> {
    match error {
        GovernorError::TooManyRequests { wait_time, headers } => {
            let detail = format!("Wait {wait_time} s, then go on. The limit is per address.");
            let mut response =
                Problem::new(Code::RateLimited, detail).after(wait_time.max(1)).into_response();
            let limits = headers.unwrap_or_default();
            for name in ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-after"] {
                if let Some(value) = limits.get(name) {
                    response.headers_mut().insert(HeaderName::from_static(name), value.clone());
                }
            }
            response
        }
        _ => Problem::new(Code::Internal, "The caller's address is not known.").into_response(),
    }
}

/// Adds what the governor leaves out: the time to reset and the IETF draft's two headers.
pub(crate) fn describe(limit: RateLimit, mut response: Response<Body>) -> Response<Body> {
    let RateLimit::Per { requests, seconds } = limit else { return response };
    let headers = response.headers_mut();
    let number = |name: &str, headers: &axum::http::HeaderMap| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.parse::<u64>().ok())
    };
    let remaining = number("x-ratelimit-remaining", headers).unwrap_or(0);
    let spent = u64::from(requests.get()).saturating_sub(remaining);
    // A token comes back every `seconds / requests`; the bucket is full when all spent ones have.
    let reset = (spent * u64::from(seconds)).div_ceil(u64::from(requests.get()));
    let reset = number("retry-after", headers).unwrap_or(reset);
    for (name, text) in [
        ("x-ratelimit-limit", requests.to_string()),
        ("x-ratelimit-remaining", remaining.to_string()),
        ("x-ratelimit-reset", reset.to_string()),
        ("ratelimit-policy", format!("\"ip\";q={requests};w={seconds}")),
        ("ratelimit", format!("\"ip\";r={remaining};t={reset}")),
    ] {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    response
}
