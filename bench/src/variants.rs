//! Sluice beside itself: plain ingest against the same with one thing changed.
//!
//! Rounds are interleaved as in `ingest`. The plain side has one key, no
//! trigger and no idempotency keys.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::future::{join_all, try_join_all};
use serde_json::json;

use crate::http::Request;
use crate::load::{self, Plan};
use crate::sluice::{Setup, Sluice};
use crate::sse;

const WARM_UP: Duration = Duration::from_millis(1500);
const TRIGGERS_OF_A_WORKFLOW: usize = 100;

/// What is changed.
#[derive(Clone, Copy, Debug)]
pub enum Variant {
    /// So many keys, all in use, and so many triggers, of which none matches.
    Crowd(usize),
    /// An idempotency key with every request.
    Idempotency,
    /// So many events in one request.
    Batch(u64),
    /// So many who watch the stream, of all that it tells.
    Watchers(usize),
}

#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub variant: Variant,
    pub connections: usize,
    pub seconds: u64,
    pub rounds: usize,
}

/// The medians of one side.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    pub per_second: f64,
    /// Events for each second of processor time that the server used.
    pub per_core_second: f64,
    /// Milliseconds.
    pub p99: f64,
    pub errors: u64,
    /// Resident memory of the server after the round, in bytes.
    pub resident: u64,
}

pub struct Comparison {
    pub plain: Side,
    pub changed: Side,
}

pub async fn compare(binary: &Path, options: Options, say: impl Fn(&str)) -> Result<Comparison> {
    let Options { variant, connections, seconds, rounds } = options;
    let mut plain = Server::start(binary, connections, None).await?;
    say("making the other side ready");
    let mut changed = Server::start(binary, connections, Some(variant)).await?;
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for number in 0..=rounds {
        let length = if number == 0 { WARM_UP } else { Duration::from_secs(seconds) };
        let (one, other) = (plain.round(length).await?, changed.round(length).await?);
        if number > 0 {
            say(&format!(
                "round {number} of {rounds}: {:.0}/s plain, {:.0}/s {variant:?}",
                one.per_second, other.per_second
            ));
            left.push(one);
            right.push(other);
        }
    }
    Ok(Comparison { plain: Side::median(&left), changed: Side::median(&right) })
}

/// A server and the load that it gets.
struct Server {
    sluice: Sluice,
    plan: Plan,
}

impl Server {
    async fn start(binary: &Path, connections: usize, variant: Option<Variant>) -> Result<Self> {
        let sluice = Setup::new(binary).start().await?;
        let key = sluice.full_key().await?;
        let mut plan = Plan::new(sluice.address()?, &key, connections);
        match variant {
            None => {}
            Some(Variant::Idempotency) => plan.idempotency = true,
            Some(Variant::Batch(events)) => plan.batch = events,
            Some(Variant::Crowd(size)) => {
                plan.keys = keys(&sluice, &key, size).await?;
                triggers(&sluice, &key, size).await?;
            }
            Some(Variant::Watchers(count)) => watch(sluice.address()?, &key, count).await?,
        }
        Ok(Self { sluice, plan })
    }

    async fn round(&mut self, length: Duration) -> Result<Side> {
        const NO_TIME: &str = "the server's processor time cannot be read";
        let before = self.sluice.process()?.cpu().context(NO_TIME)?;
        let outcome = load::drive(Plan { length, ..self.plan.clone() }).await?;
        let used = self.sluice.process()?.cpu().context(NO_TIME)? - before;
        self.plan.first = outcome.next;
        Ok(Side {
            per_second: outcome.per_second(),
            per_core_second: outcome.accepted as f64 / used.as_secs_f64().max(0.01),
            p99: outcome.percentile(99.0),
            errors: outcome.refusals() + outcome.broken,
            resident: self.sluice.process()?.resident().unwrap_or_default().0,
        })
    }
}

/// Opens so many streams, which a thread of their own reads until the server ends.
async fn watch(address: SocketAddr, key: &str, count: usize) -> Result<()> {
    let streams =
        sse::open_many(address, count, |_| Request::get("/api/v1/stream").key(key)).await?;
    let streams: Result<Vec<_>> = streams.into_iter().map(sse::Stream::detach).collect();
    let streams = streams?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("watchers".into()).spawn(move || {
        runtime.block_on(async {
            let streams = streams.into_iter().filter_map(|stream| sse::drain(stream).ok());
            join_all(streams).await;
        });
    })?;
    Ok(())
}

async fn keys(sluice: &Sluice, key: &str, count: usize) -> Result<Vec<String>> {
    let make = async |number: usize| {
        let new = json!({ "name": format!("key {number}"), "permissions": ["ingest"] });
        let made = sluice.call(Request::post("/api/v1/keys").key(key).json(&new)).await?;
        let key = made.json()?["key"].as_str().map(str::to_owned);
        key.with_context(|| format!("no key was made: {}", made.text()))
    };
    let mut keys = Vec::with_capacity(count);
    while keys.len() < count {
        let some = keys.len()..count.min(keys.len() + 50);
        keys.extend(try_join_all(some.map(make)).await?);
    }
    Ok(keys)
}

/// None of them matches what the load sends.
async fn triggers(sluice: &Sluice, key: &str, count: usize) -> Result<()> {
    for first in (0..count).step_by(TRIGGERS_OF_A_WORKFLOW) {
        let mut definition = format!("name: Crowd {first}\ntriggers:\n");
        for number in first..count.min(first + TRIGGERS_OF_A_WORKFLOW) {
            definition.push_str(&format!(
                "  - eventType: crowd.{number}.*\n    filter: event.payload.total > {number}\n"
            ));
        }
        definition.push_str("steps:\n  - id: wait\n    delay: { for: 1h }\n");
        sluice.apply(&definition, key).await?;
    }
    Ok(())
}

impl Side {
    fn median(rounds: &[Self]) -> Self {
        let middle =
            |value: fn(&Self) -> f64| crate::ingest::median(rounds.iter().map(value).collect());
        Self {
            per_second: middle(|round| round.per_second),
            per_core_second: middle(|round| round.per_core_second),
            p99: middle(|round| round.p99),
            errors: rounds.iter().map(|round| round.errors).sum(),
            resident: rounds.iter().map(|round| round.resident).max().unwrap_or(0),
        }
    }
}

/// The comparison as a table for people.
pub fn table(options: Options, comparison: &Comparison) -> Result<String> {
    let Comparison { plain, changed } = comparison;
    if plain.per_second <= 0.0 {
        bail!("the plain side took nothing");
    }
    let mut table = format!(
        "{:<18} {:>10} {:>15} {:>8} {:>7} {:>8}\n",
        "", "events/s", "per core-second", "p99 ms", "errors", "RSS MiB"
    );
    for (name, side) in [("plain".to_owned(), plain), (format!("{:?}", options.variant), changed)] {
        table.push_str(&format!(
            "{name:<18} {:>10.0} {:>15.0} {:>8.2} {:>7} {:>8.0}\n",
            side.per_second,
            side.per_core_second,
            side.p99,
            side.errors,
            side.resident as f64 / 1_048_576.0,
        ));
    }
    table.push_str(&format!(
        "{:<18} {:>10.2} {:>15.2}\n",
        "ratio",
        changed.per_second / plain.per_second,
        changed.per_core_second / plain.per_core_second
    ));
    Ok(table)
}
