//! Trial 1: SIGKILL under load, again and again.
//!
//! Some events start a workflow whose step calls a receiver here, so that runs
//! are in flight at each kill. After each restart everything acknowledged is
//! listed once, has its one run, and that run finishes. Effects are at least
//! once: a receiver may see a call twice, but only under the same
//! `Idempotency-Key`.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Report;
use crate::ledger::{self, Verdict};
use crate::load::{self, Acknowledged, MATCHED, Plan};
use crate::sink::{Seen, Sink};
use crate::sluice::{Setup, Sluice, is_settled};

const UNDER_WAY_LIMIT: Duration = Duration::from_secs(10);
const SETTLE_LIMIT: Duration = Duration::from_secs(60);
/// The figures may be as old as the server keeps them, and somewhat more.
const FIGURES_LIMIT: Duration = Duration::from_secs(5);
const SLEEP_LIMIT: Duration = Duration::from_secs(1_800);
/// Kills on one data directory before a new one is taken, to bound disk use.
const KILLS_PER_DIRECTORY: usize = 50;

#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub times: usize,
    pub connections: usize,
    /// Every nth event starts a run.
    pub matched_every: u64,
    /// Events whose run waits for an hour, created before the first kill.
    pub pending: u64,
    /// A restart must be ready after at most this.
    pub ready: Duration,
}

#[derive(Debug, Default)]
struct Tally {
    acknowledged: usize,
    kills: usize,
    verdict: Verdict,
    /// Events whose receiver saw two different idempotency keys.
    repeated: usize,
    /// Events by which the counters are off.
    miscounted: u64,
    slowest: Duration,
}

pub async fn run(binary: &Path, options: Options, say: impl Fn(&str)) -> Result<Report> {
    let mut tally = Tally::default();
    while tally.kills < options.times {
        let kills = KILLS_PER_DIRECTORY.min(options.times - tally.kills);
        on_one_directory(binary, options, kills, &mut tally).await?;
        say(&format!("{} kills, {} acknowledged", tally.kills, tally.acknowledged));
    }
    let Tally { acknowledged, kills, verdict, repeated, miscounted, slowest } = tally;
    Ok(Report {
        trial: "1 SIGKILL under load",
        holds: verdict.holds() && repeated == 0 && miscounted == 0 && slowest <= options.ready,
        seen: format!(
            "{kills} kills at {} connections, {acknowledged} acknowledged: {} lost, {} doubled, \
             {} without exactly one run, {repeated} run twice under other keys, {miscounted} \
             miscounted, {} kept unacknowledged; slowest ready {slowest:.2?} with {} pending",
            options.connections,
            verdict.lost,
            verdict.doubled,
            verdict.wrong_runs,
            verdict.unacknowledged,
            options.pending,
        ),
    })
}

async fn on_one_directory(
    binary: &Path,
    options: Options,
    kills: usize,
    tally: &mut Tally,
) -> Result<()> {
    let sink = Sink::start().await?;
    let mut sluice = Setup::new(binary).start().await?;
    let key = sluice.full_key().await?;
    let mut next = hold(&sluice, &key, options.pending).await?;
    sluice.apply(&notify(&sink), &key).await?;
    let begin = next;
    let mut acknowledged = Vec::new();
    let mut verdict = Verdict::default();
    for kill in 0..kills {
        let first = next;
        let turn = turn(&mut sluice, &key, options, first, lead(kill)).await?;
        next = turn.next;
        tally.slowest = tally.slowest.max(sluice.ready_after());
        verdict.add(&ledger::compare(&sluice, &key, &turn.acknowledged, first).await?);
        tally.acknowledged += turn.acknowledged.len();
        tally.kills += 1;
        acknowledged.extend(turn.acknowledged);
    }
    all_settled(&sluice, &key, begin).await?;
    // What was there after its own kill must still be there after all the others.
    let end = ledger::compare(&sluice, &key, &acknowledged, begin).await?;
    tally.verdict.add(&verdict.worse(&end));
    tally.repeated += repeated(&sink.seen());
    tally.miscounted += miscounted(&sluice, &key).await?;
    Ok(())
}

/// By how many the counters differ from the events that are there.
async fn miscounted(sluice: &Sluice, key: &str) -> Result<u64> {
    let stored = sluice.list(key, |_| false).await?.len() as u64;
    let begin = Instant::now();
    loop {
        let stats = sluice.get("/api/v1/stats", key).await?;
        let counts = stats["counts"].as_object().context("figures without counts")?;
        let counted: u64 = counts.values().filter_map(Value::as_u64).sum();
        if counted == stored || begin.elapsed() > FIGURES_LIMIT {
            return Ok(counted.abs_diff(stored));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

struct Turn {
    next: u64,
    acknowledged: Vec<Acknowledged>,
}

/// Load, SIGKILL in the middle of it, restart.
async fn turn(
    sluice: &mut Sluice,
    key: &str,
    options: Options,
    first: u64,
    lead: Duration,
) -> Result<Turn> {
    let plan = Plan::new(sluice.address()?, key, options.connections);
    let matched_every = options.matched_every;
    let load = load::start(Plan {
        first,
        matched_every,
        remember: true,
        length: Duration::from_secs(30),
        ..plan
    });
    under_way(&load, options.connections).await;
    tokio::time::sleep(lead).await;
    sluice.kill().await?;
    let outcome = load.finish().await?;
    if outcome.refusals() > 0 {
        bail!("refused under load: {:?}; {}", outcome.refused, sluice.printed());
    }
    sluice.start().await?;
    Ok(Turn { next: outcome.next, acknowledged: outcome.acknowledged })
}

/// Waits until each connection can have had an answer: a kill before that proves little.
async fn under_way(load: &load::Running, connections: usize) {
    let begin = Instant::now();
    while load.accepted() < connections as u64 && begin.elapsed() < UNDER_WAY_LIMIT {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// From 60 to 250 ms of load, so that kills fall on every stage of a commit.
fn lead(kill: usize) -> Duration {
    Duration::from_millis(60 + (kill as u64 * 37) % 190)
}

fn notify(sink: &Sink) -> String {
    format!(
        "name: Notify\ntriggers:\n  - eventType: {MATCHED}\n    input: {{ number: \"${{event.payload.number}}\" }}\n\
         steps:\n  - id: notify\n    http: {{ method: POST, url: \"{}/hook\", body: \"${{input}}\" }}\n\
         \x20   retry: {{ attempts: 5, initial: 100ms, max: 1s }}\n",
        sink.url()
    )
}

/// Creates `pending` events whose run waits for an hour; the next free number.
async fn hold(sluice: &Sluice, key: &str, pending: u64) -> Result<u64> {
    const WAIT: &str = "name: Hold\ntriggers:\n  - eventType: bench.match\nsteps:\n  - id: wait\n    delay: { for: 1h }\n";
    if pending == 0 {
        return Ok(0);
    }
    sluice.apply(WAIT, key).await?;
    let mut next = 0;
    while next < pending {
        let plan = Plan::new(sluice.address()?, key, 64);
        let length = Duration::from_secs(1);
        next = load::drive(Plan { first: next, matched_every: 1, length, ..plan }).await?.next;
    }
    // Applied under the same name: from here on the events of the trial have no wait.
    sluice
        .apply("name: Hold\ntriggers:\n  - eventType: bench.never\nsteps:\n  - id: wait\n    delay: { for: 1h }\n", key)
        .await?;
    all_asleep(sluice, key).await?;
    Ok(next)
}

/// Waits until every run has begun to wait: one that is still queued would have the events of the trial
/// stand in line behind it.
async fn all_asleep(sluice: &Sluice, key: &str) -> Result<()> {
    let begin = Instant::now();
    loop {
        let queued = sluice.get("/api/v1/runs?status=queued&limit=1", key).await?;
        if queued["items"].as_array().is_some_and(Vec::is_empty) {
            return Ok(());
        }
        if begin.elapsed() > SLEEP_LIMIT {
            bail!("runs are still queued after {SLEEP_LIMIT:?}, such as {queued}");
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

/// Waits until no event from `first` on has anything left to do.
async fn all_settled(sluice: &Sluice, key: &str, first: u64) -> Result<()> {
    let begin = Instant::now();
    loop {
        let older = |item: &Value| number(item).is_some_and(|number| number < first);
        let items = sluice.list(key, older).await?;
        let open =
            |item: &&Value| number(item).is_some_and(|number| number >= first) && !is_settled(item);
        let Some(example) = items.iter().find(open) else { return Ok(()) };
        if begin.elapsed() > SETTLE_LIMIT {
            let open = items.iter().filter(open).count();
            bail!("{open} events did not settle in {SETTLE_LIMIT:?}, such as {example}");
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn number(item: &Value) -> Option<u64> {
    load::number_of(item["eventId"].as_str()?)
}

/// Events for which calls arrived under more than one idempotency key.
fn repeated(seen: &[Seen]) -> usize {
    let mut keys = HashMap::<String, HashSet<&str>>::new();
    for call in seen {
        let number = call.json().ok().and_then(|body| body["number"].as_str().map(str::to_owned));
        let key = call.header("idempotency-key").context("a call without Idempotency-Key");
        keys.entry(number.unwrap_or_default()).or_default().insert(key.unwrap_or("none"));
    }
    keys.values().filter(|keys| keys.len() > 1).count()
}
