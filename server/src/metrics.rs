//! What Prometheus reads: the engine's meters, the server's own, and how the store stands.
//!
//! Invariant: label values are written in the source, never taken from a request.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::response::Response;
use engine::Engine;
use engine::event::EventStatus;
use engine::stats::{self, Standing};
use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::problem::Code;

/// A gauge that can also say that nothing is known.
type Number = Gauge<f64, AtomicU64>;
type Status = [(&'static str, &'static str); 1];
/// Seconds, from an idle server to one that is in trouble.
const OF_INTAKE: [f64; 13] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

type Refusal = [(&'static str, String); 1];

/// How they are written: OpenMetrics 1.0, or Prometheus' own format, 0.0.4, which everything reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    OpenMetrics,
    Prometheus,
}

pub(crate) struct Metrics {
    registry: Registry,
    /// Whether they are shown without a key.
    pub(crate) open: bool,
    ingest: Histogram,
    refused: Family<Refusal, Counter>,
    streams: Gauge,
    waiting: Gauge,
    events: Family<Status, Number>,
    dead_letters: Number,
    oldest_dead_letter: Number,
    database: Number,
    log: Number,
}

impl Metrics {
    pub(crate) fn new(engine: &Engine, open: bool) -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("sluice"),
            open,
            ingest: Histogram::new(OF_INTAKE),
            refused: Family::default(),
            streams: Gauge::default(),
            waiting: Gauge::default(),
            events: Family::default(),
            dead_letters: Number::default(),
            oldest_dead_letter: Number::default(),
            database: Number::default(),
            log: Number::default(),
        };
        let registry = &mut metrics.registry;
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        registry.register("build", "The running version", Info::new(version));
        engine.store.writer.meters.register(registry);
        registry.register_with_unit(
            "ingest_duration",
            "Time from a request of intake to its answer, where it was accepted",
            Unit::Seconds,
            metrics.ingest.clone(),
        );
        registry.register(
            "events_refused",
            "Events and requests that intake refused, by the code of the refusal",
            metrics.refused.clone(),
        );
        registry.register("events", "Events in the store, by status", metrics.events.clone());
        registry.register(
            "writer_queue",
            "Writes that wait for their transaction",
            metrics.waiting.clone(),
        );
        registry.register("dead_letters", "Events that failed", metrics.dead_letters.clone());
        registry.register_with_unit(
            "dead_letter_oldest_age",
            "For how long the oldest dead letter has waited; 0 without any",
            Unit::Seconds,
            metrics.oldest_dead_letter.clone(),
        );
        registry.register("stream_clients", "Live streams that are open", metrics.streams.clone());
        registry.register_with_unit(
            "database_size",
            "What the database takes on its disk",
            Unit::Bytes,
            metrics.database.clone(),
        );
        registry.register_with_unit(
            "database_log_size",
            "What the write-ahead log of SQLite takes; 0 on Postgres",
            Unit::Bytes,
            metrics.log.clone(),
        );
        metrics
    }

    pub(crate) fn refuse(&self, code: Code) {
        self.refused.get_or_create(&[("code", code.name())]).inc();
    }

    /// Notes an answer of intake: how long it took, or why it is a refusal, which would come too quickly.
    pub(crate) fn note(&self, response: &Response, took: Duration) {
        match response.extensions().get::<Code>() {
            Some(code) => self.refuse(*code),
            None => self.took(took),
        }
    }

    /// Notes that intake accepted something, and how long that took.
    pub(crate) fn took(&self, took: Duration) {
        self.ingest.observe(took.as_secs_f64());
    }

    /// Counts a stream for as long as the guard lives.
    pub(crate) fn stream(&self) -> StreamOpen {
        self.streams.inc();
        StreamOpen(self.streams.clone())
    }

    /// All of them. What cannot be read is shown as not a number.
    pub(crate) async fn text(&self, engine: &Engine, format: Format) -> Result<String, fmt::Error> {
        let standing = stats::standing(engine).await.inspect_err(|error| {
            tracing::warn!(%error, "the store could not be read for monitoring");
        });
        self.set(standing.ok());
        self.waiting.set(engine.store.writer.waiting() as i64);
        let mut text = String::new();
        match format {
            Format::OpenMetrics => text::encode(&mut text, &self.registry)?,
            Format::Prometheus => prometheus_text::encode(&mut text, &self.registry)?,
        }
        Ok(text)
    }

    fn set(&self, standing: Option<Standing>) {
        let number = |of: fn(&Standing) -> f64| standing.as_ref().map_or(f64::NAN, of);
        for status in EventStatus::ALL {
            let known = standing.map_or(f64::NAN, |known| known.events[status as usize] as f64);
            self.events.get_or_create(&[("status", status.as_str())]).set(known);
        }
        self.dead_letters.set(number(|known| known.events[EventStatus::Failed as usize] as f64));
        self.oldest_dead_letter
            .set(number(|known| known.oldest_dead_letter_millis.unwrap_or(0) as f64 / 1_000.0));
        self.database.set(number(|known| known.size.database as f64));
        self.log.set(number(|known| known.size.log.unwrap_or(0) as f64));
    }
}

/// A live stream that is open.
pub(crate) struct StreamOpen(Gauge);

impl Drop for StreamOpen {
    fn drop(&mut self) {
        self.0.dec();
    }
}
