//! Logs to standard error, for people or for machines, and spans for whoever collects them.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::LogFormat;

pub(crate) mod otlp;

/// Starts both. Without a collector in the environment no span is recorded, which costs nothing.
pub(crate) fn init(filter: &str, format: LogFormat) -> anyhow::Result<Option<otlp::Recorder>> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| anyhow::anyhow!("SLUICE_LOG: {error}; try `info`"))?;
    let logs = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let colours = std::io::stderr().is_terminal();
    let logs = match format {
        LogFormat::Pretty => logs.with_target(false).with_ansi(colours).boxed(),
        // One object a line, with the request that it belongs to beside its own fields.
        LogFormat::Json => {
            logs.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
        }
    };
    let recorder = otlp::Recorder::from_environment()?;
    let spans = recorder.as_ref().map(|recorder| recorder.layer());
    tracing_subscriber::registry().with(spans).with(logs.with_filter(filter)).init();
    Ok(recorder)
}
