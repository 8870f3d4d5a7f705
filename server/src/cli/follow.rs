//! Watches a running server: its live stream, taken up where it stopped after a break.

use std::ops::ControlFlow;
use std::time::Duration;

use clap::Args;

use super::client::{Client, Refused};
use super::sse::{Message, Reader};

/// Between two attempts to come back, at first and at most.
const SOON: Duration = Duration::from_millis(250);
const LATER: Duration = Duration::from_secs(5);

/// Which events to watch.
#[derive(Debug, Clone, Args)]
pub(super) struct Watched {
    /// Only event types that match, for example 'order.*'.
    #[arg(long = "type", value_name = "PATTERN")]
    pub(super) event_type: Option<String>,
    #[arg(long)]
    pub(super) source: Option<String>,
    /// Only events whose payloads say this: words, or 'order.total = 12'.
    #[arg(long, value_name = "TEXT")]
    pub(super) search: Option<String>,
}

impl Watched {
    pub(super) fn query(&self, status: Option<&str>) -> String {
        let given = [
            ("eventType", self.event_type.as_deref()),
            ("source", self.source.as_deref()),
            ("search", self.search.as_deref()),
            ("status", status),
            ("topics", Some("event")),
        ];
        let given = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
        form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish()
    }
}

/// Hands each message to `each` until it breaks off. A server that goes away is waited for; one that
/// cannot be reached at first, or refuses, is an error.
pub(super) async fn follow(
    client: &Client,
    query: &str,
    mut each: impl AsyncFnMut(Message) -> anyhow::Result<ControlFlow<()>>,
) -> anyhow::Result<()> {
    let path = format!("/api/v1/stream?{query}");
    let mut cursor: Option<String> = None;
    let mut wait = SOON;
    loop {
        match client.open(&path, cursor.as_deref()).await {
            Ok(mut response) => {
                if cursor.is_some() {
                    eprintln!("sluice: the stream is back");
                }
                wait = SOON;
                let mut reader = Reader::default();
                // A broken stream and one that has ended are the same: come back.
                while let Ok(Some(piece)) = response.chunk().await {
                    for message in reader.push(&piece) {
                        let id = message.id.clone();
                        if each(message).await?.is_break() {
                            return Ok(());
                        }
                        // Only now has it been dealt with.
                        cursor = id.or(cursor);
                    }
                }
                eprintln!("sluice: the stream broke off; waiting for the server");
            }
            Err(error) if cursor.is_none() || error.is::<Refused>() => return Err(error),
            Err(_) => wait = (wait * 2).min(LATER),
        }
        tokio::time::sleep(wait).await;
    }
}
