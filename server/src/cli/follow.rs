//! Watches a running server: its live stream, taken up where it stopped after a break.

use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use engine::live::Cursor;

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
            ("fold", Some("false")),
        ];
        let given = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
        form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish()
    }
}

/// How far a stream was seen, kept in a file where one is given.
#[derive(Debug, Default)]
pub(super) struct Place {
    pub(super) cursor: Option<Cursor>,
    file: Option<PathBuf>,
}

impl Place {
    /// Where a command before this one stopped, if there was one.
    pub(super) fn kept_in(file: PathBuf) -> anyhow::Result<Self> {
        let cursor = match std::fs::read_to_string(&file) {
            Ok(text) => Some(text.trim().parse::<Cursor>().with_context(|| {
                format!("{} does not hold a cursor: remove it to begin anew", file.display())
            })?),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", file.display()));
            }
        };
        Ok(Self { cursor, file: Some(file) })
    }

    pub(super) fn since(cursor: Option<Cursor>) -> Self {
        Self { cursor, file: None }
    }

    /// Leaves a whole file, whenever the command is killed.
    fn keep(&self) -> anyhow::Result<()> {
        let (Some(file), Some(cursor)) = (&self.file, self.cursor) else { return Ok(()) };
        let mut beside = file.clone().into_os_string();
        beside.push(".new");
        let kept = std::fs::write(&beside, format!("{cursor}\n"));
        kept.and_then(|()| std::fs::rename(&beside, file))
            .with_context(|| format!("cannot keep the cursor in {}", file.display()))
    }
}

/// What the server answers, once it is there; what it refuses is an error.
pub(super) async fn get_when_there(client: &Client, path: &str) -> anyhow::Result<String> {
    let mut wait = SOON;
    loop {
        match client.get_text(path).await {
            Err(error) if !error.is::<Refused>() => {
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LATER);
            }
            answered => return answered,
        }
    }
}

/// Hands each message to `each` until it breaks off; none is left out, from `place` on. A server that goes
/// away is waited for; one that cannot be reached at first, or refuses, is an error.
pub(super) async fn follow(
    client: &Client,
    query: &str,
    place: &mut Place,
    mut each: impl AsyncFnMut(Message) -> anyhow::Result<ControlFlow<()>>,
) -> anyhow::Result<()> {
    let path = format!("/api/v1/stream?{query}");
    let mut wait = SOON;
    let mut was_open = false;
    loop {
        let seen = place.cursor.map(|cursor| cursor.to_string());
        match client.open(&path, seen.as_deref()).await {
            Ok(mut response) => {
                if was_open {
                    eprintln!("sluice: the stream is back");
                }
                (was_open, wait) = (true, SOON);
                let mut reader = Reader::default();
                // A broken stream and one that has ended are the same: come back.
                while let Ok(Some(piece)) = response.chunk().await {
                    for message in reader.push(&piece) {
                        let cursor = message.cursor();
                        if each(message).await?.is_break() {
                            return place.keep();
                        }
                        // Only now has it been dealt with.
                        place.cursor = cursor.or(place.cursor);
                    }
                    place.keep()?;
                }
                eprintln!("sluice: the stream broke off; waiting for the server");
            }
            Err(error) if !was_open || error.is::<Refused>() => return Err(error),
            Err(_) => wait = (wait * 2).min(LATER),
        }
        tokio::time::sleep(wait).await;
    }
}
