//! `sluice listen`: live events delivered to a program on this machine, with its answers shown.
//!
//! Each event is delivered once, when it arrives, byte for byte and under the headers that it came
//! with, so that a handler under development sees what it will see later.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use engine::Environment;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::chosen::segment;
use super::client::{Client, ServerArgs};
use super::events::text;
use super::follow::{Place, Watched, follow, get_when_there};
use super::sse::Message;
use super::{OutputArgs, output};

const PATIENCE: Duration = Duration::from_secs(30);
/// Headers of the sender's connection, not of its message.
const OF_THE_CONNECTION: [&str; 9] = [
    "connection",
    "content-encoding",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "transfer-encoding",
    "upgrade",
];
/// How Sluice shows a header whose value it does not keep.
const MASKED: &str = "•••";

#[derive(Args)]
pub(super) struct ListenArgs {
    /// Where to deliver, for example http://localhost:8000/webhooks
    #[arg(long, value_name = "URL")]
    forward: reqwest::Url,
    #[command(flatten)]
    watched: Watched,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) async fn run(args: ListenArgs) -> anyhow::Result<()> {
    let client = args.server.client()?;
    let http = reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()?;
    let mut new = New::default();
    eprintln!("Delivering to {} what arrives from now on; stop with Ctrl-C.", args.forward);
    let each = async |message: Message| {
        match message.event.as_str() {
            "event" => {
                if !new.takes(&message) {
                    return Ok(ControlFlow::Continue(()));
                }
                let item: Value = serde_json::from_str(&message.data)?;
                let delivered = deliver(&client, &http, &args.forward, &text(&item["id"])).await;
                if !show(&item, &delivered, args.output) {
                    return Ok(ControlFlow::Break(()));
                }
            }
            _ => new.begin(&message),
        }
        Ok(ControlFlow::Continue(()))
    };
    follow(&client, &args.watched.query(None), &mut Place::default(), each).await
}

/// Tells arrivals from changes of what was there before: a cursor says up to which number events were seen as
/// they arrived, and a change leaves that as it is.
#[derive(Default)]
struct New {
    newest: i64,
}

impl New {
    /// Where the stream begins, or goes on in another database.
    fn begin(&mut self, message: &Message) {
        self.newest = message.cursor().map_or(self.newest, |cursor| cursor.seq);
    }

    fn takes(&mut self, message: &Message) -> bool {
        let known = self.newest;
        self.begin(message);
        self.newest > known
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Whole {
    id: String,
    event_type: String,
    source: String,
    payload: Box<RawValue>,
    headers: serde_json::Map<String, Value>,
}

/// The status of the answer, and how long it took.
async fn deliver(
    client: &Client,
    http: &reqwest::Client,
    to: &reqwest::Url,
    id: &str,
) -> anyhow::Result<(u16, Duration)> {
    let event = get_when_there(client, &format!("/api/v1/events/{}", segment(id))).await?;
    let event: Whole = serde_json::from_str(&event).context("the event cannot be read")?;
    let now = Environment::system().clock.now();
    let headers = headers(&event, now.millis() / 1_000);
    let begun = Instant::now();
    let request = http.post(to.clone()).headers(headers).body(event.payload.get().to_owned());
    let answer = request.send().await.map_err(|error| root(&error))?;
    let status = answer.status().as_u16();
    // An answer that breaks off is none.
    answer.bytes().await.map_err(|error| root(&error))?;
    Ok((status, begun.elapsed()))
}

/// reqwest says "error sending request"; what went wrong is below it.
fn root(error: &reqwest::Error) -> anyhow::Error {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let said = causes.last().map_or_else(|| error.to_string(), ToString::to_string);
    anyhow::anyhow!(said)
}

/// Those that the event came with, and those that name it (standardwebhooks.com).
fn headers(event: &Whole, seconds: i64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let given = event.headers.iter().filter_map(|(name, value)| Some((name, value.as_str()?)));
    let own = [
        ("webhook-id", event.id.clone()),
        ("webhook-timestamp", seconds.to_string()),
        ("sluice-event-type", event.event_type.clone()),
        ("sluice-source", event.source.clone()),
    ];
    let given = given
        .filter(|(name, value)| {
            !OF_THE_CONNECTION.contains(&name.as_str()) && !value.contains(MASKED)
        })
        // A sender that signs by Standard Webhooks has an id and a time of its own.
        .map(|(name, value)| (name.as_str(), value.to_owned()));
    for (name, value) in own.iter().map(|(name, value)| (*name, value.clone())).chain(given) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    headers
}

/// Says whether anyone still reads.
fn show(item: &Value, delivered: &anyhow::Result<(u16, Duration)>, output: OutputArgs) -> bool {
    let [id, kind] = ["id", "eventType"].map(|field| text(&item[field]));
    if output.json {
        let (status, took, error) = match delivered {
            Ok((status, took)) => (Some(*status), Some(took.as_millis() as u64), None),
            Err(error) => (None, None, Some(error.to_string())),
        };
        let said = json!({ "id": id, "eventType": kind, "status": status, "milliseconds": took, "error": error });
        return output::line_is_read(said);
    }
    let received = text(&item["receivedAt"]);
    let answered = match delivered {
        Ok((status, took)) => {
            let standing = if (200..300).contains(status) { "ok" } else { "failed" };
            format!("{}  {status} in {} ms", output::standing(standing), took.as_millis())
        }
        Err(error) => format!("{}  {error}", output::standing("failed")),
    };
    output::line_is_read(format!("{received}  {kind}  {id}  {answered}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headers_of_a_delivery_are_the_event_s_own_and_those_that_name_it() {
        let event: Whole = serde_json::from_value(json!({
            "id": "evt_1", "eventType": "push", "source": "github", "payload": {},
            "headers": {
                "x-github-event": "push", "x-hub-signature-256": "•••", "authorization": "•••", "host": "sluice.example",
                "content-length": "17", "webhook-id": "msg_1",
            },
        }))
        .unwrap();
        let headers = headers(&event, 1_700_000_000);
        let value = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        assert_eq!(value("x-github-event"), Some("push"));
        assert_eq!(value("webhook-id"), Some("msg_1"), "the sender's own is part of its signature");
        assert_eq!(value("webhook-timestamp"), Some("1700000000"));
        assert_eq!(value("sluice-source"), Some("github"));
        for left_out in ["x-hub-signature-256", "authorization", "host", "content-length"] {
            assert_eq!(value(left_out), None, "{left_out}");
        }
    }

    #[test]
    fn what_was_there_and_what_was_delivered_is_not_new() {
        let message = |id: &str| Message { id: Some(id.to_owned()), ..Message::default() };
        let mut new = New::default();
        new.begin(&message("7-2"));
        assert!(!new.takes(&message("7-3")), "an older one changed");
        assert!(new.takes(&message("8-3")));
        assert!(!new.takes(&message("8-4")), "its status changed");
        assert!(!new.takes(&Message::default()));
        new.begin(&message("2-1"));
        assert!(new.takes(&message("3-1")), "of another database");
    }
}
