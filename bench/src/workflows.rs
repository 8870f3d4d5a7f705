//! What workflows cost: how soon a step begins, how many runs a second come to their end, and what a
//! hundred thousand that wait weigh.
//!
//! The receiver lives in this process. Throughput is measured beside durable ingest without a match and
//! beside bare requests to the receiver, all three in one run on one machine.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use axum::http::StatusCode;
use serde_json::json;
use tokio::net::TcpListener;

use crate::arrivals::Arrivals;
use crate::http::{Request, send};
use crate::load::{self, MATCHED, Plan};
use crate::sluice::{Setup, Sluice};

const PATIENCE: Duration = Duration::from_secs(600);
const MIB: f64 = 1_048_576.0;

#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Events a second whose step's beginning is measured.
    pub rate: u64,
    pub seconds: u64,
    pub connections: usize,
    /// Runs that wait in a delay.
    pub waiting: u64,
}

#[derive(Clone, Debug)]
pub struct Figures {
    /// Milliseconds from the sender's request to the step's at the receiver: p50, p99.
    pub begins: (f64, f64),
    /// Events a second: runs brought to their end, stored without a match, bare requests.
    pub runs: f64,
    pub durable: f64,
    pub bare: f64,
    /// Bytes of memory before the waiting runs and with them.
    pub resident: (u64, u64),
    /// Milliseconds by which delays of others ended late meanwhile: p50, p99.
    pub late: (f64, f64),
}

/// A receiver of numbers.
async fn receive() -> Result<(Arc<Arrivals>, SocketAddr)> {
    let arrivals = Arc::<Arrivals>::default();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let told = Arc::clone(&arrivals);
    let take = move |body: String| {
        // A step sends the number alone; what else comes is only answered.
        if let Ok(number) = body.trim_matches('"').parse() {
            told.note(number);
        }
        async { StatusCode::ACCEPTED }
    };
    let router = axum::Router::new().fallback(take);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((arrivals, address))
}

struct Field {
    sluice: Sluice,
    key: String,
    arrivals: Arc<Arrivals>,
    address: SocketAddr,
}

impl Field {
    async fn new(binary: &Path) -> Result<Self> {
        let sluice = Setup::new(binary).start().await?;
        let key = sluice.full_key().await?;
        let (arrivals, address) = receive().await?;
        Ok(Self { sluice, key, arrivals, address })
    }

    async fn apply(&self, name: &str, event_type: &str, delay: Option<&str>) -> Result<()> {
        let wait = delay.map(|wait| format!("  - id: wait\n    delay: {{ for: {wait} }}\n"));
        let definition = format!(
            "name: {name}\ntriggers: [{{ eventType: {event_type} }}]\nsteps:\n{}  - id: call\n    \
             http: {{ url: \"http://{}/\", body: \"${{event.payload.number}}\" }}\n",
            wait.unwrap_or_default(),
            self.address
        );
        self.sluice.apply(&definition, &self.key).await
    }

    /// Sends numbers at a steady rate, each when its time has come; when each was sent.
    async fn pace(
        &self,
        event_type: &str,
        numbers: std::ops::Range<u64>,
        rate: u64,
    ) -> Result<HashMap<u64, Instant>> {
        let (address, begun) = (self.sluice.address()?, Instant::now());
        let mut senders = tokio::task::JoinSet::new();
        for (place, number) in numbers.enumerate() {
            let due = begun + Duration::from_secs(1) * place as u32 / rate as u32;
            tokio::time::sleep_until(due.into()).await;
            let payload = json!({ "number": number });
            let event = json!({ "eventType": event_type, "source": "bench", "payload": payload });
            let request = Request::post("/api/webhooks/ingest").key(&self.key).json(&event);
            senders.spawn(async move {
                let sent = Instant::now();
                let answer = send(address, &request).await?;
                ensure!(answer.status == 202, "{}: {}", answer.status, answer.text());
                Ok((number, sent))
            });
        }
        senders.join_all().await.into_iter().collect()
    }

    /// How long after it was sent, and `wait`, each call came in, in milliseconds: p50, p99.
    async fn delays(&self, sent: &HashMap<u64, Instant>, wait: Duration) -> Result<(f64, f64)> {
        let begun = Instant::now();
        while !sent.keys().all(|number| self.arrivals.has(*number)) {
            ensure!(begun.elapsed() < PATIENCE, "some steps never began");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.arrivals.delays(sent, wait)
    }

    /// Whether an event is not settled yet; asked of the list, for the figures are up to a second old.
    async fn is_any_open(&self) -> Result<bool> {
        for status in ["pending", "processing"] {
            let path = format!("/api/v1/events?status={status}&limit=1");
            if self.sluice.get(&path, &self.key).await?["items"] != json!([]) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn load(
        &self,
        address: SocketAddr,
        options: Options,
        first: u64,
        matched: u64,
    ) -> Result<load::Outcome> {
        let plan = Plan::new(address, &self.key, options.connections);
        let length = Duration::from_secs(options.seconds);
        load::drive(Plan { first, matched_every: matched, length, ..plan }).await
    }
}

/// Takes all figures, one after the other; `say` is told what is happening.
pub async fn measure(binary: &Path, options: Options, say: impl Fn(&str)) -> Result<Figures> {
    say("how soon a step begins");
    let begins = begins(binary, options).await?;
    say("how many runs come to their end");
    let (runs, durable, bare) = throughput(binary, options).await?;
    say(&format!("what {} waiting runs weigh", options.waiting));
    let (resident, late) = waiting(binary, options).await?;
    Ok(Figures { begins, runs, durable, bare, resident, late })
}

async fn begins(binary: &Path, options: Options) -> Result<(f64, f64)> {
    let field = Field::new(binary).await?;
    field.apply("call", "paced.event", None).await?;
    let warm = options.rate;
    field.pace("paced.event", 0..warm, options.rate).await?;
    let numbers = warm..warm + options.rate * options.seconds;
    let sent = field.pace("paced.event", numbers, options.rate).await?;
    field.delays(&sent, Duration::ZERO).await
}

async fn throughput(binary: &Path, options: Options) -> Result<(f64, f64, f64)> {
    let field = Field::new(binary).await?;
    field.apply("call", MATCHED, None).await?;
    let server = field.sluice.address()?;
    let bare = field.load(field.address, options, 0, 0).await?;
    let durable = field.load(server, options, 0, 0).await?;
    let begun = Instant::now();
    let matched = field.load(server, options, durable.next, 1).await?;
    while field.is_any_open().await? {
        ensure!(begun.elapsed() < PATIENCE, "the runs do not come to their end");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let runs = matched.accepted as f64 / begun.elapsed().as_secs_f64();
    Ok((runs, durable.per_second(), bare.per_second()))
}

async fn waiting(binary: &Path, options: Options) -> Result<((u64, u64), (f64, f64))> {
    const DELAY: Duration = Duration::from_secs(5);
    let field = Field::new(binary).await?;
    field.apply("long", MATCHED, Some("1h")).await?;
    field.apply("short", "short.event", Some("5s")).await?;
    let address = field.sluice.address()?;
    // Some load first, so that what is measured is the runs.
    let warm = field.load(address, options, 0, 0).await?;
    let resident = || Ok::<_, anyhow::Error>(field.sluice.process()?.resident()?.0);
    let before = resident()?;
    let mut next = warm.next;
    while next < warm.next + options.waiting {
        let one = Options { seconds: 1, ..options };
        next = field.load(address, one, next, 1).await?.next;
    }
    let begun = Instant::now();
    let queued = "/api/v1/runs?status=queued&limit=1";
    while field.sluice.get(queued, &field.key).await?["items"] != json!([]) {
        ensure!(begun.elapsed() < PATIENCE, "runs do not come to their delay");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let with = resident()?;
    let sent = field.pace("short.event", 0..50 * options.seconds, 50).await?;
    Ok(((before, with), field.delays(&sent, DELAY).await?))
}

/// The figures as a table for people.
pub fn table(options: Options, figures: &Figures) -> String {
    let Figures { begins, runs, durable, bare, resident, late } = figures;
    let grown = resident.1.saturating_sub(resident.0) as f64;
    format!(
        "a step begins after its event was sent, at {} events/s   p50 {:.2} ms, p99 {:.2} ms\n\
         runs with one call brought to their end                 {runs:.0}/s\n\
         events stored without a match                           {durable:.0}/s (runs: {:.2} of it)\n\
         bare requests to the receiver                           {bare:.0}/s (runs: {:.2} of it)\n\
         {} runs in a delay                                  {:.0} MiB before, {:.0} MiB with them ({:.0} bytes a run)\n\
         other delays end late meanwhile by                      p50 {:.2} ms, p99 {:.2} ms\n",
        options.rate,
        begins.0,
        begins.1,
        runs / durable,
        runs / bare,
        options.waiting,
        resident.0 as f64 / MIB,
        resident.1 as f64 / MIB,
        grown / options.waiting as f64,
        late.0,
        late.1,
    )
}
