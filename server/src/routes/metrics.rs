//! `/metrics`: what Prometheus reads, with a key that may read, or without where that is allowed.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::prometheus_text;

use crate::auth::{Authorized, Read};
use crate::metrics::Format;
use crate::problem::{Code, Problem};
use crate::router::AppState;

pub(crate) const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
pub(crate) const PROMETHEUS: &str = prometheus_text::CONTENT_TYPE;

pub(crate) async fn scrape(
    allowed: Result<Authorized<Read>, Problem>,
    State(state): State<AppState>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if !state.metrics.open {
        allowed?;
    }
    let format = wanted(&headers);
    let kind = match format {
        Format::OpenMetrics => OPEN_METRICS,
        Format::Prometheus => PROMETHEUS,
    };
    let text = state.metrics.text(&state.engine, format).await;
    let text = text.map_err(|_| Problem::new(Code::Internal, "The metrics cannot be written."))?;
    let headers = [(header::CONTENT_TYPE, kind), (header::VARY, "accept")];
    Ok((headers, text).into_response())
}

/// OpenMetrics for who names it, the older format for everyone else.
fn wanted(headers: &HeaderMap) -> Format {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds = accepted.flat_map(|value| value.split(',')).map(|kind| {
        let mut parts = kind.split(';').map(str::trim);
        let is_open =
            parts.next().is_some_and(|it| it.eq_ignore_ascii_case("application/openmetrics-text"));
        is_open && !parts.any(|part| matches!(part, "q=0" | "q=0.0"))
    });
    if kinds.any(|open| open) { Format::OpenMetrics } else { Format::Prometheus }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(accept: &str, expected: Format) {
        let headers = HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]);
        assert_eq!(wanted(&headers), expected, "{accept}");
    }

    #[test]
    fn open_metrics_are_for_who_names_them() {
        assert_eq!(wanted(&HeaderMap::new()), Format::Prometheus);
        check("*/*", Format::Prometheus);
        check("text/plain;version=0.0.4", Format::Prometheus);
        check("application/openmetrics-text;q=0, text/plain", Format::Prometheus);
        check("text/plain;q=0.3, Application/OpenMetrics-Text; version=1.0.0", Format::OpenMetrics);
    }
}
