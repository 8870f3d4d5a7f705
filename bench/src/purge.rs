//! Intake beside the same while the server removes many events.
//!
//! What is removed cannot be put back between two rounds, and a server that removes beside another one would
//! slow that down too. So there is one server: rounds before and after stand beside one load that lasts as
//! long as the removal does. A limit of size takes the events, the oldest first, by the same batches as a rule
//! of age does, for which they would have to be a day old.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::http::Request;
use crate::ingest::Round;
use crate::lists;
use crate::load::{self, Plan};
use crate::sluice::{Setup, Sluice};

const WARM_UP: Duration = Duration::from_millis(1500);
const SOURCE: &str = "purged";
const LIMITS: &str = "/api/v1/retention/limits";
/// Of each payload that goes.
const BYTES: usize = 512;
/// How many of them the smallest limit keeps.
const KEPT: u64 = (1 << 20) / BYTES as u64;
/// How often it is asked how many are left.
const LOOK: Duration = Duration::from_millis(100);
/// The sweep comes every minute.
const BEGINS_WITHIN: Duration = Duration::from_secs(150);
/// So long without one event less, and it has stopped.
const STANDSTILL: Duration = Duration::from_secs(60);
/// Longer than any purge.
const AS_LONG_AS_IT_TAKES: Duration = Duration::from_secs(24 * 3600);

#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many events are removed.
    pub events: u64,
    pub connections: usize,
    /// Length of a round.
    pub seconds: u64,
    /// Rounds before, and as many after.
    pub rounds: usize,
}

#[derive(Clone, Debug)]
pub struct Figures {
    /// Medians of the rounds before and after.
    pub plain: Round,
    pub meanwhile: Round,
    pub removed: u64,
    pub took: Duration,
}

pub async fn measure(binary: &Path, options: Options, say: impl Fn(&str)) -> Result<Figures> {
    let Options { events, connections, seconds, rounds } = options;
    let sluice = Setup::new(binary).start().await?;
    let key = sluice.full_key().await?;
    let all = events + KEPT;
    lists::fill_up(&sluice, &key, all, event, &say).await?;
    indexed(&sluice, &key, &say).await?;
    let mut plan = Plan::new(sluice.address()?, &key, connections);
    round(&mut plan, WARM_UP).await?;
    plan.length = Duration::from_secs(seconds);
    let mut plain = some_rounds(&mut plan, rounds, "before", &say).await?;

    let limit = json!({ "status": "processed", "source": SOURCE, "max": "1MiB" });
    let set = sluice.call(Request::new("PUT", LIMITS).key(&key).json(&limit)).await?;
    ensure!(set.status == 204, "the limit was answered with {}: {}", set.status, set.text());
    say("waiting for the sweep");
    let asked = Instant::now();
    while left(&sluice, &key).await? >= all {
        ensure!(asked.elapsed() < BEGINS_WITHIN, "nothing was removed: {}", sluice.printed());
        tokio::time::sleep(LOOK).await;
    }
    let begun = Instant::now();
    let load = load::start(Plan { length: AS_LONG_AS_IT_TAKES, ..plan.clone() });
    removed(&sluice, &key, &say).await?;
    let took = begun.elapsed();
    load.stop();
    let outcome = load.finish().await?;
    plan.first = outcome.next;
    let meanwhile = Round::of(&outcome);

    plain.extend(some_rounds(&mut plan, rounds, "after", &say).await?);
    Ok(Figures { plain: Round::median(plain.iter()), meanwhile, removed: events, took })
}

async fn some_rounds(
    plan: &mut Plan,
    count: usize,
    when: &str,
    say: &impl Fn(&str),
) -> Result<Vec<Round>> {
    let (mut rounds, length) = (Vec::new(), plan.length);
    for number in 1..=count {
        let round = round(plan, length).await?;
        say(&format!("round {number} of {count} {when}: {:.0}/s", round.per_second));
        rounds.push(round);
    }
    Ok(rounds)
}

/// The next one goes on with new events.
async fn round(plan: &mut Plan, length: Duration) -> Result<Round> {
    let outcome = load::drive(Plan { length, ..plan.clone() }).await?;
    plan.first = outcome.next;
    Ok(Round::of(&outcome))
}

/// Waits until the search index has come to the last event: what is behind is not to be measured.
async fn indexed(sluice: &Sluice, key: &str, say: &impl Fn(&str)) -> Result<()> {
    loop {
        let stats = sluice.get("/api/v1/stats", key).await?;
        let behind = stats["searchBehind"].as_u64().context("no searchBehind")?;
        if behind == 0 {
            return Ok(());
        }
        say(&format!("the search index has {behind} events to go"));
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}

/// Waits until no more is left than the limit keeps.
async fn removed(sluice: &Sluice, key: &str, say: &impl Fn(&str)) -> Result<()> {
    let (mut least, mut since, mut told) = (u64::MAX, Instant::now(), Instant::now());
    loop {
        let left = left(sluice, key).await?;
        if left <= KEPT {
            return Ok(());
        }
        if left < least {
            (least, since) = (left, Instant::now());
        }
        if since.elapsed() > STANDSTILL {
            bail!("it stands still with {left} events left: {}", sluice.printed());
        }
        if told.elapsed() > Duration::from_secs(5) {
            told = Instant::now();
            say(&format!("{left} events are left"));
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn left(sluice: &Sluice, key: &str) -> Result<u64> {
    let limits = sluice.get(LIMITS, key).await?;
    limits["items"][0]["events"].as_u64().with_context(|| format!("no limit: {limits}"))
}

fn event(number: u64) -> Value {
    let payload = |note: String| json!({ "number": format!("{number:012}"), "note": note });
    let rest = BYTES.saturating_sub(payload(String::new()).to_string().len());
    json!({
        "eventType": "bench.purged",
        "source": SOURCE,
        "eventId": format!("purged-{number}"),
        "payload": payload("x".repeat(rest)),
    })
}

/// The figures as people read them.
pub fn table(figures: &Figures) -> Result<String> {
    let Figures { plain, meanwhile, removed, took } = figures;
    ensure!(plain.per_second > 0.0, "nothing was taken");
    let mut table =
        format!("{:<24} {:>10} {:>8} {:>8} {:>7}\n", "", "events/s", "p50 ms", "p99 ms", "errors");
    for (name, round) in [("before and after", plain), ("while events go", meanwhile)] {
        table.push_str(&format!(
            "{name:<24} {:>10.0} {:>8.2} {:>8.2} {:>7}\n",
            round.per_second, round.p50, round.p99, round.errors
        ));
    }
    let seconds = took.as_secs_f64().max(0.001);
    table.push_str(&format!(
        "{:<24} {:>10.2}\n{removed} events were removed in {seconds:.1} s, {:.0}/s\n",
        "ratio",
        meanwhile.per_second / plain.per_second,
        *removed as f64 / seconds
    ));
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_have_the_size_by_which_the_limit_keeps_some() {
        for number in [0, 999_999_999] {
            assert_eq!(event(number)["payload"].to_string().len(), BYTES);
        }
    }
}
