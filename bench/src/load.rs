//! Load: N keep-alive connections that send one event after the other.
//!
//! The request is built once a connection; sending the next event patches a
//! counter of fixed width into the same bytes. It runs on a thread of its own
//! with a single-threaded runtime, so that generating load costs as little as
//! possible of the machine that the server runs on. Invariant: it ends by
//! itself (length reached, connections broken, or `stop`), never later than
//! `GRACE` after that.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hdrhistogram::Histogram;

use crate::http::Request;
use crate::wire::Wire;

/// Type of most events; no trial has a workflow for it.
pub const PLAIN: &str = "bench.plain";
/// Type of every nth event when `Plan::matched_every` says so. As long as `PLAIN`.
pub const MATCHED: &str = "bench.match";

const BODY_BYTES: usize = 600;
const DIGITS: usize = 12;
const NUMBER: &str = "000000000000";
const GRACE: Duration = Duration::from_secs(10);

#[derive(Clone, Debug)]
pub struct Plan {
    pub address: SocketAddr,
    /// Each connection uses one of these.
    pub keys: Vec<String>,
    pub connections: usize,
    /// Number of the first event; each event carries its own.
    pub first: u64,
    pub length: Duration,
    /// Between an answer and the next request on the same connection.
    pub pause: Duration,
    /// Every nth event is of type `MATCHED`; 0 is none.
    pub matched_every: u64,
    /// Whether to keep which events were acknowledged; for single events only.
    pub remember: bool,
    /// How many events go into one request; 1 is the route for single events.
    pub batch: u64,
    /// Whether each request carries an `Idempotency-Key` of its own.
    pub idempotency: bool,
}

impl Plan {
    pub fn new(address: SocketAddr, key: &str, connections: usize) -> Self {
        Self {
            address,
            keys: vec![key.to_owned()],
            connections,
            first: 0,
            length: Duration::from_secs(5),
            pause: Duration::ZERO,
            matched_every: 0,
            remember: false,
            batch: 1,
            idempotency: false,
        }
    }
}

/// An event that was answered with 202.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    pub number: u64,
    pub id: String,
}

#[derive(Debug)]
pub struct Outcome {
    pub accepted: u64,
    /// Answers other than 202, by status.
    pub refused: BTreeMap<u16, u64>,
    /// Connections that ended before the load did.
    pub broken: u64,
    /// Microseconds from the request's first byte to the whole answer.
    pub latency: Histogram<u64>,
    pub took: Duration,
    pub acknowledged: Vec<Acknowledged>,
    /// The first number that no event was sent with.
    pub next: u64,
}

impl Outcome {
    pub fn per_second(&self) -> f64 {
        self.accepted as f64 / self.took.as_secs_f64()
    }

    pub fn refusals(&self) -> u64 {
        self.refused.values().sum()
    }

    /// Latency in milliseconds that this share of the answers kept.
    pub fn percentile(&self, percent: f64) -> f64 {
        self.latency.value_at_percentile(percent) as f64 / 1000.0
    }
}

/// What the sender's thread and its handle share.
#[derive(Debug, Default)]
struct Control {
    stop: AtomicBool,
    accepted: AtomicU64,
}

/// Load that is being sent.
#[derive(Debug)]
pub struct Running {
    control: Arc<Control>,
    thread: tokio::task::JoinHandle<Result<Outcome>>,
}

impl Running {
    /// Lets each connection finish its request, then ends.
    pub fn stop(&self) {
        self.control.stop.store(true, Ordering::Relaxed);
    }

    /// How many events have been acknowledged so far.
    pub fn accepted(&self) -> u64 {
        self.control.accepted.load(Ordering::Relaxed)
    }

    pub async fn finish(self) -> Result<Outcome> {
        self.thread.await.context("the load generator panicked")?
    }
}

pub fn start(plan: Plan) -> Running {
    let control = Arc::<Control>::default();
    let shared = Arc::clone(&control);
    let thread = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        tokio::task::LocalSet::new().block_on(&runtime, run(plan, shared))
    });
    Running { control, thread }
}

/// Sends all of the load and returns what came back.
pub async fn drive(plan: Plan) -> Result<Outcome> {
    start(plan).finish().await
}

async fn run(plan: Plan, control: Arc<Control>) -> Result<Outcome> {
    let latency = Histogram::new_with_bounds(1, 60_000_000, 3)?;
    let empty = Outcome {
        accepted: 0,
        refused: BTreeMap::new(),
        broken: 0,
        latency,
        took: Duration::ZERO,
        acknowledged: Vec::new(),
        next: plan.first,
    };
    let outcome = Rc::new(RefCell::new(empty));
    let connections = plan.connections;
    let begin = Instant::now();
    let end = begin + plan.length;
    let plan = Rc::new(plan);
    let mut tasks = tokio::task::JoinSet::new();
    for place in 0..connections {
        let (plan, outcome) = (Rc::clone(&plan), Rc::clone(&outcome));
        let control = Arc::clone(&control);
        tasks.spawn_local(async move {
            if connection(&plan, place, &outcome, &control, end).await.is_err() {
                outcome.borrow_mut().broken += 1;
            }
        });
    }
    let all = async { while tasks.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(plan.length + GRACE, all).await;
    tasks.shutdown().await;
    outcome.borrow_mut().took = begin.elapsed();
    let outcome = Rc::into_inner(outcome).context("a connection is still held")?;
    Ok(outcome.into_inner())
}

async fn connection(
    plan: &Plan,
    place: usize,
    outcome: &RefCell<Outcome>,
    control: &Control,
    end: Instant,
) -> Result<()> {
    let mut wire = Wire::open(plan.address).await?;
    let mut request = Template::new(plan, &plan.keys[place % plan.keys.len()]);
    let mut sent = Instant::now();
    while sent < end && !control.stop.load(Ordering::Relaxed) {
        let number = outcome.borrow().next;
        outcome.borrow_mut().next += plan.batch;
        let matched = plan.matched_every != 0 && number.is_multiple_of(plan.matched_every);
        let (status, body) = wire.exchange(request.patched(number, matched)).await?;
        let now = Instant::now();
        outcome.borrow_mut().record(plan, number, status, body, now - sent)?;
        if status == 202 {
            control.accepted.fetch_add(plan.batch, Ordering::Relaxed);
        }
        if !plan.pause.is_zero() {
            tokio::time::sleep(plan.pause).await;
        }
        sent = if plan.pause.is_zero() { now } else { Instant::now() };
    }
    Ok(())
}

impl Outcome {
    fn record(
        &mut self,
        plan: &Plan,
        number: u64,
        status: u16,
        body: &[u8],
        took: Duration,
    ) -> Result<()> {
        self.latency.saturating_record(u64::try_from(took.as_micros())?);
        if status != 202 {
            *self.refused.entry(status).or_default() += plan.batch;
            return Ok(());
        }
        self.accepted += plan.batch;
        if plan.remember {
            let id = id_in(body).context("202 without an id")?;
            self.acknowledged.push(Acknowledged { number, id });
        }
        Ok(())
    }
}

/// The bytes of a request with the places where the number and the type stand.
struct Template {
    bytes: Vec<u8>,
    /// Each place of a number, and by how much that number is beyond the request's first.
    numbers: Vec<(usize, u64)>,
    event_types: Vec<usize>,
}

impl Template {
    fn new(plan: &Plan, key: &str) -> Self {
        let (route, body) = match plan.batch {
            1 => ("/api/webhooks/ingest", body()),
            many => {
                let bodies: Vec<String> = (0..many).map(|_| body()).collect();
                ("/api/webhooks/ingest/batch", format!("[{}]", bodies.join(",")))
            }
        };
        let mut request =
            Request::post(route).key(key).header("content-type", "application/json").bytes(body);
        if plan.idempotency {
            request = request.header("idempotency-key", NUMBER);
        }
        let bytes = request.to_bytes(plan.address, true);
        let event_types = places(&bytes, PLAIN.as_bytes());
        // A number before the first event is a header's.
        let offset = |place: usize| {
            let begun = event_types.iter().filter(|&&event| event < place).count();
            (place, begun.saturating_sub(1) as u64)
        };
        let numbers = places(&bytes, NUMBER.as_bytes()).into_iter().map(offset).collect();
        Self { bytes, numbers, event_types }
    }

    fn patched(&mut self, number: u64, matched: bool) -> &[u8] {
        for (place, offset) in &self.numbers {
            let mut rest = number + offset;
            for digit in self.bytes[*place..place + DIGITS].iter_mut().rev() {
                *digit = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
        }
        let event_type = if matched { MATCHED } else { PLAIN };
        for place in &self.event_types {
            self.bytes[*place..place + event_type.len()].copy_from_slice(event_type.as_bytes());
        }
        &self.bytes
    }
}

/// An event of exactly `BODY_BYTES`, numbered twice: its own id and in the payload.
fn body() -> String {
    let start = format!(
        r#"{{"eventType":"{PLAIN}","source":"bench","eventId":"bench-{NUMBER}","payload":{{"number":"{NUMBER}","total":120,"note":""#
    );
    let end = r#""}}"#;
    let filler = "x".repeat(BODY_BYTES - start.len() - end.len());
    format!("{start}{filler}{end}")
}

fn places(bytes: &[u8], wanted: &[u8]) -> Vec<usize> {
    let windows = bytes.windows(wanted.len()).enumerate();
    windows.filter(|(_, window)| *window == wanted).map(|(place, _)| place).collect()
}

/// How the load generator names its events.
pub fn event_id(number: u64) -> String {
    format!("bench-{number:012}")
}

/// The number in an event id of the load generator.
pub fn number_of(event_id: &str) -> Option<u64> {
    event_id.strip_prefix("bench-")?.parse().ok()
}

fn id_in(body: &[u8]) -> Option<String> {
    let body = std::str::from_utf8(body).ok()?;
    let (_, rest) = body.split_once(r#""id":""#)?;
    rest.split_once('"').map(|(id, _)| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_json_of_the_stated_size_and_carries_its_number_twice() {
        let plan = Plan::new("127.0.0.1:1".parse().unwrap(), "key", 1);
        let mut template = Template::new(&plan, "key");
        let bytes = template.patched(42, true).to_vec();
        let body = &bytes[bytes.len() - BODY_BYTES..];
        let event: serde_json::Value = serde_json::from_slice(body).unwrap();
        assert_eq!(event["eventType"], MATCHED);
        assert_eq!(number_of(event["eventId"].as_str().unwrap()), Some(42));
        assert_eq!(event["payload"]["number"], "000000000042");
    }

    #[test]
    fn the_events_of_a_batch_are_numbered_on() {
        let plan = Plan::new("127.0.0.1:1".parse().unwrap(), "key", 1);
        let plan = Plan { batch: 3, idempotency: true, ..plan };
        let request = String::from_utf8(Template::new(&plan, "key").patched(98, false).to_vec());
        let request = request.unwrap();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("idempotency-key: 000000000098"), "{head}");
        let events: Vec<serde_json::Value> = serde_json::from_str(body).unwrap();
        let numbers: Vec<_> =
            events.iter().map(|event| number_of(event["eventId"].as_str().unwrap())).collect();
        assert_eq!(numbers, [Some(98), Some(99), Some(100)]);
    }

    #[test]
    fn the_id_is_found_in_the_answer() {
        assert_eq!(id_in(br#"{"id":"evt_1","eventId":"x"}"#).as_deref(), Some("evt_1"));
    }
}
