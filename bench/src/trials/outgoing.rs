//! Trials 13, 14 and 15: what a host that fails, stalls or answers poison does to others, and what it gets
//! when it comes back.
//!
//! Others are measured by how long it takes from an event's being sent until the receiver of a healthy
//! workflow is called for it, before and while the harm is done.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use axum::body::Bytes;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::net::TcpListener;

use super::Report;
use crate::arrivals::Arrivals;
use crate::http::Request;
use crate::sluice::{Setup, Sluice};

/// How many calls one host may have under way, as the engine promises.
const MOST_CALLS: usize = 192;
/// How long a host that fails is watched: what a short failure brings at most six probes in, and as long as
/// the engine leaves a host alone at most, which it does after a minute of failures.
const WATCHED: Duration = Duration::from_secs(6);
const LONGEST_REST: Duration = Duration::from_secs(62);
const BATCH: usize = 100;
/// Between two events of the healthy workflow.
const PAUSE: Duration = Duration::from_millis(5);
/// The longest that a backlog may take to drain.
const PATIENCE: Duration = Duration::from_secs(7_200);
/// Runs wait for a host that fails as long as for their next attempt: a second where there is none.
const ONCE: &str = "attempts: 1";
const PATIENT: &str = "attempts: 12, initial: 20s, max: 20s";

#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Events for the host that does harm.
    pub harmful: usize,
    /// Events of the healthy workflow, before and meanwhile.
    pub healthy: usize,
    /// How many times longer the healthy ones may take, beside what is allowed in full.
    pub slack: f64,
}

/// A host whose manners change, and what it sees.
#[derive(Default)]
struct Host {
    status: AtomicU16,
    delay: AtomicUsize,
    /// Bytes in an answer.
    size: AtomicUsize,
    calls: AtomicUsize,
    /// Calls that it answered with a failure.
    refused: AtomicUsize,
    under_way: AtomicUsize,
    most: AtomicUsize,
    /// For the events that have a number.
    arrivals: Arrivals,
}

/// The payload of an event of the healthy workflow.
#[derive(Serialize, Deserialize)]
struct Numbered {
    number: u64,
}

impl Host {
    async fn start() -> Result<(Arc<Self>, String)> {
        let host = Arc::new(Self::default());
        host.status.store(200, Ordering::SeqCst);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/", listener.local_addr()?);
        let told = Arc::clone(&host);
        let router = axum::Router::new().fallback(move |body| Arc::clone(&told).answer(body));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok((host, url))
    }

    async fn answer(self: Arc<Self>, body: Bytes) -> (StatusCode, String) {
        if let Ok(Numbered { number }) = serde_json::from_slice(&body) {
            self.arrivals.note(number);
        }
        self.calls.fetch_add(1, Ordering::SeqCst);
        let under_way = UnderWay::begin(&self);
        let delay = self.delay.load(Ordering::SeqCst) as u64;
        tokio::time::sleep(Duration::from_millis(delay)).await;
        drop(under_way);
        let status = StatusCode::from_u16(self.status.load(Ordering::SeqCst));
        let status = status.unwrap_or(StatusCode::OK);
        self.refused.fetch_add(usize::from(!status.is_success()), Ordering::SeqCst);
        (status, "x".repeat(self.size.load(Ordering::SeqCst)))
    }

    /// The most calls under way at once since the last time that this was asked.
    fn most(&self) -> usize {
        self.most.swap(self.under_way.load(Ordering::SeqCst), Ordering::SeqCst)
    }
}

/// A call that is not answered yet; one whose caller has gone is none.
struct UnderWay(Arc<Host>);

impl UnderWay {
    fn begin(host: &Arc<Host>) -> Self {
        let now = host.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        host.most.fetch_max(now, Ordering::SeqCst);
        Self(Arc::clone(host))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A server with a healthy workflow and a harmful one.
struct Field {
    sluice: Sluice,
    key: String,
    healthy: Arc<Host>,
    harmful: Arc<Host>,
}

impl Field {
    async fn new(binary: &Path, retry: &str) -> Result<Self> {
        let sluice = Setup::new(binary).start().await?;
        let key = sluice.full_key().await?;
        let (healthy, good) = Host::start().await?;
        let (harmful, bad) = Host::start().await?;
        for (name, url) in [("good", good), ("bad", bad)] {
            let workflow = format!(
                "name: {name}\ntriggers: [{{ eventType: \"{name}.*\" }}]\nsteps:\n  - id: call\n    \
                 http: {{ url: \"{url}\", body: \"${{event.payload}}\", timeout: 2s }}\n    retry: {{ {retry} }}\n"
            );
            sluice.apply(&workflow, &key).await?;
        }
        Ok(Self { sluice, key, healthy, harmful })
    }

    async fn send_harmful(&self, count: usize) -> Result<()> {
        let event = json!({ "eventType": "bad.one", "source": "trial", "payload": {} });
        let mut left = count;
        while left > 0 {
            let batch = vec![event.clone(); left.min(BATCH)];
            left -= batch.len();
            let request = Request::post("/api/webhooks/ingest/batch").key(&self.key);
            let answer = self.sluice.call(request.json(&json!(batch))).await?;
            ensure!(answer.status < 300, "{}: {}", answer.status, answer.text());
        }
        Ok(())
    }

    /// The 99th percentile in milliseconds of so many healthy events, sent one after the other.
    async fn healthy_p99(&self, count: usize) -> Result<f64> {
        self.healthy.arrivals.forget();
        let (mut sent, mut events) = (HashMap::new(), Vec::with_capacity(count));
        for number in 0..count as u64 {
            let payload = Numbered { number };
            let event = json!({ "eventType": "good.one", "source": "trial", "payload": payload });
            sent.insert(number, Instant::now());
            events.push(self.sluice.accept(&event, &self.key).await?);
            tokio::time::sleep(PAUSE).await;
        }
        for id in &events {
            let event = self.sluice.settled(id, &self.key).await?;
            ensure!(event["status"] == "processed", "a healthy event has failed: {event}");
        }
        let (_, p99) = self.healthy.arrivals.delays(&sent, Duration::ZERO)?;
        Ok(p99)
    }

    async fn count(&self, status: &str) -> Result<usize> {
        let stats = self.sluice.get("/api/v1/stats", &self.key).await?;
        let count = stats["counts"][status].as_u64().context("stats without a count")?;
        Ok(usize::try_from(count)?)
    }

    /// Waits until nothing is open any more.
    async fn drained(&self) -> Result<()> {
        let begun = Instant::now();
        while self.count("pending").await? + self.count("processing").await? > 0 {
            ensure!(begun.elapsed() < PATIENCE, "the backlog does not drain");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }
}

/// Whether no more calls were under way than a host may have, but for those whose end it has not noticed yet.
fn few_enough(calls: usize) -> bool {
    calls as f64 <= MOST_CALLS as f64 * 1.2
}

/// Trial 13: answers of 2 MB end in the dead letters, and neighbours do not notice.
pub async fn poison(binary: &Path, options: Options) -> Result<Report> {
    let field = Field::new(binary, ONCE).await?;
    let before = field.healthy_p99(options.healthy).await?;
    field.harmful.size.store(2 << 20, Ordering::SeqCst);
    let (sent, meanwhile) =
        tokio::join!(field.send_harmful(options.harmful), field.healthy_p99(options.healthy));
    sent?;
    field.drained().await?;
    let (meanwhile, failed) = (meanwhile?, field.count("failed").await?);
    let allowed = before * 1.1 * options.slack;
    Ok(Report {
        trial: "13 answers that are poison",
        holds: failed == options.harmful && meanwhile <= allowed,
        seen: format!(
            "{failed} of {} in the dead letters; p99 of neighbours {before:.1} ms before, \
             {meanwhile:.1} ms meanwhile",
            options.harmful
        ),
    })
}

/// Trial 14: a host that fails is tried by one call at a time, again and again but ever more rarely, and is not
/// run over when it is back; runs that can wait that long end well.
pub async fn returns(binary: &Path, options: Options) -> Result<Report> {
    let field = Field::new(binary, PATIENT).await?;
    let host = &field.harmful;
    host.status.store(503, Ordering::SeqCst);
    host.delay.store(20, Ordering::SeqCst);
    field.send_harmful(options.harmful).await?;
    // Those that were under way when the circuit opened have come back by now.
    tokio::time::sleep(Duration::from_millis(500)).await;
    host.most();
    let (before, begun) = (host.calls.load(Ordering::SeqCst), Instant::now());
    let probes = || host.calls.load(Ordering::SeqCst) - before;
    while begun.elapsed() < WATCHED || (probes() == 0 && begun.elapsed() < LONGEST_REST) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let (probes, together, watched) = (probes(), host.most(), begun.elapsed().as_secs());
    host.status.store(200, Ordering::SeqCst);
    field.drained().await?;
    let (most, calls) = (host.most(), host.calls.load(Ordering::SeqCst));
    let (refused, failed) = (host.refused.load(Ordering::SeqCst), field.count("failed").await?);
    Ok(Report {
        trial: "14 a host comes back",
        holds: (1..=6).contains(&probes)
            && together == 1
            && few_enough(most)
            && failed == 0
            && calls == options.harmful + refused,
        seen: format!(
            "{} runs: {probes} probes in {watched} s, at most {together} at once; after its return at \
             most {most} calls at once of {MOST_CALLS}; {calls} calls in all, {refused} of them refused, \
             {failed} runs failed",
            options.harmful
        ),
    })
}

/// Trial 15: a host that does not answer, with a long queue before it, holds up nobody else.
pub async fn stalled(binary: &Path, options: Options) -> Result<Report> {
    let field = Field::new(binary, ONCE).await?;
    let before = field.healthy_p99(options.healthy).await?;
    field.harmful.delay.store(600_000, Ordering::SeqCst);
    field.send_harmful(options.harmful).await?;
    let meanwhile = field.healthy_p99(options.healthy).await?;
    let most = field.harmful.most();
    let allowed = before * 1.2 * options.slack;
    Ok(Report {
        trial: "15 a host stalls",
        holds: meanwhile <= allowed && few_enough(most),
        seen: format!(
            "{} runs wait for it, at most {most} calls under way; p99 of others {before:.1} ms \
             before, {meanwhile:.1} ms meanwhile",
            options.harmful
        ),
    })
}
