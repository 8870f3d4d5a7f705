//! SIGKILLs in the middle of runs whose receiver is flaky: it fails, hangs and breaks off by chance.
//!
//! Each life of the server gets some events and is ended at a random moment; what had not been
//! acknowledged is sent again under the same ids. In the end every event is settled, has its one run, and
//! each of its steps has succeeded under exactly one idempotency key, which is what a receiver that
//! remembers keys would act on.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::Report;
use crate::http::Request;
use crate::sluice::{Setup, Sluice, is_settled};

const STEPS: [&str; 2] = ["one", "two"];
/// Of the calls, in percent; the others are answered 200.
const FAILS: u64 = 35;
const HANGS: u64 = 3;
const ANSWERS_TOO_LATE: Duration = Duration::from_secs(30);
const LONGEST_LIFE: u64 = 500;
const SETTLE_LIMIT: Duration = Duration::from_secs(300);

#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub kills: usize,
    pub events: usize,
    /// Decides when the kills fall and how the receiver answers.
    pub seed: u64,
}

/// Numbers that look random (SplitMix64).
#[derive(Debug)]
struct Chance(AtomicU64);

impl Chance {
    fn below(&self, end: u64) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut it = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (it ^ (it >> 31)) % end
    }
}

/// The receiver, and under which keys it said yes to what.
struct Host {
    chance: Chance,
    calls: AtomicU64,
    /// (event, step) → the keys that were answered 200, and how often.
    succeeded: Mutex<HashMap<(u64, String), HashMap<String, u64>>>,
}

impl Host {
    async fn start(seed: u64) -> Result<(Arc<Self>, String)> {
        let host = Arc::new(Self {
            chance: Chance(AtomicU64::new(seed)),
            calls: AtomicU64::new(0),
            succeeded: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/", listener.local_addr()?);
        let told = Arc::clone(&host);
        let answer =
            move |headers: HeaderMap, body: String| Arc::clone(&told).answer(headers, body);
        let router = axum::Router::new().fallback(answer);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok((host, url))
    }

    async fn answer(self: Arc<Self>, headers: HeaderMap, body: String) -> StatusCode {
        self.calls.fetch_add(1, Ordering::Relaxed);
        match self.chance.below(100) {
            fails if fails < FAILS => return StatusCode::SERVICE_UNAVAILABLE,
            hangs if hangs < FAILS + HANGS => {
                tokio::time::sleep(ANSWERS_TOO_LATE).await;
                return StatusCode::GATEWAY_TIMEOUT;
            }
            _ => {}
        }
        let Some((what, key)) = understood(&headers, &body) else { return StatusCode::BAD_REQUEST };
        let mut succeeded = self.succeeded.lock().unwrap_or_else(PoisonError::into_inner);
        *succeeded.entry(what).or_default().entry(key).or_default() += 1;
        StatusCode::OK
    }
}

fn understood(headers: &HeaderMap, body: &str) -> Option<((u64, String), String)> {
    let body: Value = serde_json::from_str(body).ok()?;
    let key = headers.get("idempotency-key")?.to_str().ok()?;
    Some(((body["number"].as_u64()?, body["step"].as_str()?.to_owned()), key.to_owned()))
}

pub async fn run(binary: &Path, options: Options, say: impl Fn(&str)) -> Result<Report> {
    let Options { kills, events, seed } = options;
    let (host, url) = Host::start(seed).await?;
    let chance = Chance(AtomicU64::new(!seed));
    let mut sluice = Setup::new(binary).start().await?;
    let key = sluice.full_key().await?;
    sluice.apply(&workflow(&url), &key).await?;
    let share = events.div_ceil(kills.max(1));
    let mut sent = 0;
    for kill in 1..=kills {
        let next = sent..events.min(sent + share);
        let life = Duration::from_millis(1 + chance.below(LONGEST_LIFE));
        sent = live(&sluice, &key, next, life).await?;
        sluice.kill().await?;
        sluice.start().await?;
        if kill % 10 == 0 {
            say(&format!("{kill} kills, {sent} events acknowledged"));
        }
    }
    send(&sluice, &key, sent..events).await?;
    let items = all_settled(&sluice, &key).await?;
    let found = judge(&items, &host, events)?;
    let calls = host.calls.load(Ordering::Relaxed);
    Ok(Report {
        trial: "flaky receiver under SIGKILL",
        holds: found == Found { repeated: found.repeated, ..Found::default() },
        seen: format!(
            "{kills} kills, {events} events, {calls} calls, seed {seed}: {} events missing or doubled, \
             {} not processed by exactly one run, {} steps without success, {} that succeeded under \
             another key; {} were told yes and asked again under the same key",
            found.wrong_events, found.wrong_runs, found.undone, found.doubled, found.repeated
        ),
    })
}

/// Sends what is next until the end of this life; how far it came.
async fn live(sluice: &Sluice, key: &str, next: Range<usize>, life: Duration) -> Result<usize> {
    let begun = Instant::now();
    let sent = tokio::select! {
        sent = send(sluice, key, next.clone()) => sent.map(|()| next.end)?,
        () = tokio::time::sleep(life) => return Ok(next.start),
    };
    tokio::time::sleep(life.saturating_sub(begun.elapsed())).await;
    Ok(sent)
}

async fn send(sluice: &Sluice, key: &str, numbers: Range<usize>) -> Result<()> {
    let event = |number: usize| {
        json!({
            "eventType": "flaky.event",
            "source": "trial",
            "eventId": format!("flaky-{number}"),
            "payload": { "number": number },
        })
    };
    let all: Vec<Value> = numbers.map(event).collect();
    for some in all.chunks(50) {
        let request = Request::post("/api/webhooks/ingest/batch").key(key).json(&some);
        let answer = sluice.call(request).await?;
        ensure!(answer.status == 202, "{}: {}", answer.status, answer.text());
    }
    Ok(())
}

fn workflow(url: &str) -> String {
    let step = |name: &str| {
        format!(
            "  - id: {name}\n    http: {{ url: \"{url}\", timeout: 500ms, \
             body: {{ number: \"${{event.payload.number}}\", step: {name} }} }}\n    \
             retry: {{ attempts: 100, initial: 20ms, max: 500ms }}\n"
        )
    };
    let steps = STEPS.map(step).concat();
    format!("name: flaky\ntriggers: [{{ eventType: flaky.event }}]\nsteps:\n{steps}")
}

async fn all_settled(sluice: &Sluice, key: &str) -> Result<Vec<Value>> {
    let begun = Instant::now();
    loop {
        let items = sluice.list(key, |_| false).await?;
        let open = items.iter().filter(|item| !is_settled(item)).count();
        if open == 0 {
            return Ok(items);
        }
        ensure!(begun.elapsed() < SETTLE_LIMIT, "{open} events did not settle in {SETTLE_LIMIT:?}");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    wrong_events: usize,
    wrong_runs: usize,
    undone: usize,
    doubled: usize,
    /// Allowed: a call whose answer a kill swallowed.
    repeated: usize,
}

fn judge(items: &[Value], host: &Host, events: usize) -> Result<Found> {
    let succeeded = host.succeeded.lock().unwrap_or_else(PoisonError::into_inner);
    let mut found = Found::default();
    let mut seen = HashSet::new();
    for item in items {
        let number = item["eventId"].as_str().and_then(|id| id.strip_prefix("flaky-"));
        let number: u64 = number.context("an event that nobody sent")?.parse()?;
        found.wrong_events += usize::from(!seen.insert(number));
        let runs = item["runs"].as_array().context("an item without runs")?;
        let run = runs.first().and_then(|run| run["id"].as_str()).unwrap_or_default();
        let done = runs.len() == 1 && runs[0]["status"] == "succeeded";
        found.wrong_runs += usize::from(!done || item["status"] != "processed");
        for step in STEPS {
            let key = format!("{run}:{step}");
            let keys = succeeded.get(&(number, step.to_owned()));
            let times = keys.and_then(|keys| keys.get(&key)).copied().unwrap_or(0);
            found.undone += usize::from(times == 0);
            found.repeated += usize::from(times > 1);
            found.doubled += usize::from(keys.is_some_and(|keys| keys.len() > 1));
        }
    }
    found.wrong_events += events.abs_diff(seen.len());
    Ok(found)
}
