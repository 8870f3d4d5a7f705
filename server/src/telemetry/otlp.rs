//! OpenTelemetry: spans of requests, of the runs that follow and of their attempts, sent to a collector by OTLP
//! (http/protobuf) when `OTEL_EXPORTER_OTLP_ENDPOINT` names one.

use std::sync::OnceLock;

use async_trait::async_trait;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use engine::id::RunId;
use engine::run::trace::{Context as Headers, Tracer, Work};
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{HeaderExtractor, HeaderInjector, HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing::Span;
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt};
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;

/// Only these are recorded: what a library says of itself is not our trace.
const SPANS: [&str; 3] = ["request", "run", "step"];

/// Whether spans are recorded; what would cost something asks first.
static RECORDING: OnceLock<()> = OnceLock::new();

pub(crate) fn is_recording() -> bool {
    RECORDING.get().is_some()
}

/// Sends what was recorded.
pub(crate) struct Recorder(SdkTracerProvider);

impl Recorder {
    /// Nothing where the environment names no collector.
    pub(crate) fn from_environment() -> anyhow::Result<Option<Self>> {
        let given = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let of_traces = |of_all: &str, of_traces: &str| given(of_traces).or_else(|| given(of_all));
        let endpoint =
            of_traces("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
        let is_off = given("OTEL_SDK_DISABLED").is_some_and(|it| it.eq_ignore_ascii_case("true"))
            || given("OTEL_TRACES_EXPORTER").is_some_and(|it| it == "none");
        if endpoint.is_none() || is_off {
            return Ok(None);
        }
        let protocol =
            of_traces("OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL");
        if let Some(other) = protocol.filter(|it| it != "http/protobuf") {
            anyhow::bail!(
                "spans are sent by http/protobuf, not {other}: leave OTEL_EXPORTER_OTLP_PROTOCOL out, \
                 and name the collector's port for HTTP (4318)"
            );
        }
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build()?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Sender { http, runtime: Handle::current() })
            .with_protocol(Protocol::HttpBinary)
            .build()?;
        let resource = Resource::builder();
        // What OpenTelemetry's own variables say counts more.
        let is_named = given("OTEL_SERVICE_NAME").is_some()
            || given("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|it| it.contains("service.name="));
        let resource = match is_named {
            true => resource,
            false => resource.with_service_name("sluice"),
        };
        let provider = SdkTracerProvider::builder()
            .with_resource(resource.build())
            .with_batch_exporter(exporter)
            .build();
        let _first = RECORDING.set(());
        Ok(Some(Self(provider)))
    }

    pub(crate) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: tracing::Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        let ours = filter_fn(|metadata| metadata.is_span() && SPANS.contains(&metadata.name()))
            .with_max_level_hint(LevelFilter::INFO);
        let layer = OpenTelemetryLayer::new(self.0.tracer("sluice"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_target(false);
        layer.with_filter(ours)
    }

    /// Sends what is left; a collector that is away does not hold up the end for long.
    pub(crate) async fn end(self) {
        let ended = tokio::task::spawn_blocking(move || {
            self.0.shutdown_with_timeout(std::time::Duration::from_secs(2))
        });
        if let Ok(Err(error)) = ended.await {
            tracing::warn!(%error, "the last spans did not reach the collector");
        }
    }
}

/// Makes `span` part of the trace that a request says it belongs to.
pub(crate) fn join(span: &Span, headers: &HeaderMap) {
    if is_recording() {
        let parent = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
        // Refused only for a span that is not recorded.
        let _refused = span.set_parent(parent);
    }
}

/// The headers that carry `span` on; none where nothing is recorded.
pub(crate) fn headers_of(span: &Span) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if is_recording() {
        TraceContextPropagator::new()
            .inject_context(&span.context(), &mut HeaderInjector(&mut headers));
        if headers.get("tracestate").is_some_and(HeaderValue::is_empty) {
            headers.remove("tracestate");
        }
    }
    headers
}

/// Records runs and their attempts.
pub(crate) struct Runs;

impl Tracer for Runs {
    fn begin(&self, of: &Headers, run: RunId, work: Work<'_>) -> (Span, Headers) {
        let span = match work {
            Work::Run { workflow } => {
                tracing::info_span!("run", otel.kind = "consumer", %run, workflow)
            }
            Work::Attempt { step } => {
                tracing::info_span!("step", otel.name = step, otel.kind = "client", %run)
            }
        };
        let mut came_with = HeaderMap::new();
        for &(name, ref value) in of {
            if let Ok(value) = HeaderValue::try_from(value.as_str()) {
                came_with.insert(HeaderName::from_static(name), value);
            }
        }
        join(&span, &came_with);
        let headers = headers_of(&span);
        let carried = ["traceparent", "tracestate"]
            .into_iter()
            .filter_map(|name| Some((name, headers.get(name)?.to_str().ok()?.to_owned())));
        let carried: Headers = carried.collect();
        (span, carried)
    }
}

/// The exporter runs on a thread of its own; calls are made by the runtime.
#[derive(Debug)]
struct Sender {
    http: reqwest::Client,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, HttpError> {
        let http = self.http.clone();
        let sent = self.runtime.spawn(async move {
            let (parts, body) = request.into_parts();
            let url = reqwest::Url::parse(&parts.uri.to_string())?;
            let answer = http.request(parts.method, url).headers(parts.headers).body(body);
            let answer = answer.send().await?;
            let mut response = http::Response::builder().status(answer.status());
            if let Some(headers) = response.headers_mut() {
                headers.extend(answer.headers().clone());
            }
            Ok::<_, HttpError>(response.body(answer.bytes().await?)?)
        });
        sent.await?
    }
}
