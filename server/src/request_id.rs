//! A name for each request: the answer carries it, and every line that the log has of it.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderValue, Method, Request};
use engine::Environment;
use tracing::Span;

use crate::intake;
use crate::telemetry::otlp;

pub(crate) const HEADER: &str = "x-request-id";
/// A caller's own name for its request, beyond which it is given one.
const LONGEST: usize = 64;

/// Tells the requests of this process from those of another.
static PROCESS: LazyLock<u32> = LazyLock::new(|| Environment::system().next_id() as u32);
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// The caller's own, where it is one that a log can hold, or a new one.
pub(crate) fn of(headers: &HeaderMap) -> HeaderValue {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte);
    let given = headers.get(HEADER).filter(|given| {
        let bytes = given.as_bytes();
        (1..=LONGEST).contains(&bytes.len()) && bytes.iter().all(plain)
    });
    given.cloned().unwrap_or_else(|| {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{:08x}{number:08x}", *PROCESS);
        HeaderValue::try_from(name).unwrap_or(HeaderValue::from_static("none"))
    })
}

tokio::task_local! {
    static CURRENT: HeaderValue;
}

/// Does the work of the request of that name.
pub(crate) fn within<T>(id: HeaderValue, work: impl Future<Output = T>) -> impl Future<Output = T> {
    CURRENT.scope(id, work)
}

/// The name of the request that is being worked on, for lines that no span stands around.
pub(crate) fn current() -> String {
    let name = CURRENT.try_with(|id| id.to_str().unwrap_or_default().to_owned());
    name.unwrap_or_default()
}

/// Whether somebody is told of every request: a trace, or a log that is told much.
pub(crate) fn is_told() -> bool {
    otlp::is_recording()
        || tracing::enabled!(tracing::Level::DEBUG)
        || tracing::enabled!(target: "sluice::requests", tracing::Level::DEBUG)
}

/// What the log says of everything that happens for the request, and what a trace has of it.
///
/// Intake has one only where it is recorded, or the log is told much: tens of thousands a second cost
/// the processor more than they tell, and the one line that the log has otherwise says by itself which
/// request it is about.
pub(crate) fn span<B>(id: &HeaderValue, request: &Request<B>) -> Span {
    if !is_told() && request.uri().path().starts_with(intake::EVENT) {
        return Span::none();
    }
    let span = tracing::info_span!("request", id = id.to_str().unwrap_or_default());
    otlp::join(&span, request.headers());
    span
}

/// One line for each request, for those who ask for it: `SLUICE_LOG=info,sluice::requests=debug`.
pub(crate) struct Line {
    begun: Instant,
    method: Method,
    path: String,
}

impl Line {
    /// Nothing, where nobody reads it.
    pub(crate) fn begin(method: &Method, path: &str) -> Option<Self> {
        tracing::enabled!(target: "sluice::requests", tracing::Level::DEBUG).then(|| Self {
            begun: Instant::now(),
            method: method.clone(),
            path: path.to_owned(),
        })
    }

    pub(crate) fn end(self, status: u16) {
        let took: Duration = self.begun.elapsed();
        tracing::debug!(
            target: "sluice::requests",
            method = %self.method,
            path = self.path,
            status,
            milliseconds = took.as_secs_f64() * 1_000.0,
            "answered"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_a_log_can_hold_is_kept_and_every_other_request_gets_its_own() {
        let named = |name: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, HeaderValue::from_static(name));
            of(&headers)
        };
        assert_eq!(named("trial-7"), "trial-7");
        assert_ne!(named("two words"), "two words");
        assert_ne!(named(""), "");
        assert_ne!(of(&HeaderMap::new()), of(&HeaderMap::new()));
    }
}
