//! A page of the event list, in a store of few events beside one of many.
//!
//! Both hold the same mix: twenty types, ten sources, and one event in fifty that fails. Each filter is
//! asked for by walking from page to page, in turn on both sides, so that a machine that slows down
//! slows both.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use futures::future::try_join_all;
use serde_json::{Value, json};

use crate::http::{Request, percent};
use crate::sluice::{Setup, Sluice};

const BATCH: u64 = 1_000;
const SENDERS: u64 = 6;
const BREATH: Duration = Duration::from_millis(50);
const PAGES: usize = 5;

#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub few: u64,
    pub many: u64,
    /// Walks of five pages for each filter and side.
    pub walks: usize,
}

/// How long pages under one filter took, in milliseconds.
#[derive(Clone, Debug)]
pub struct Line {
    pub filter: String,
    /// Median and 99th percentile with few events.
    pub few: (f64, f64),
    /// The same with many.
    pub many: (f64, f64),
}

pub async fn compare(binary: &Path, options: Options, say: impl Fn(&str)) -> Result<Vec<Line>> {
    let few = Side::start(binary, options.few, &say).await?;
    let many = Side::start(binary, options.many, &say).await?;
    let mut lines = Vec::new();
    for (name, _) in few.filters() {
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for _ in 0..=options.walks {
            left.push(few.walk(&name).await?);
            right.push(many.walk(&name).await?);
        }
        // The first walk of each fills the caches.
        let line = Line { filter: name, few: figures(&left[1..]), many: figures(&right[1..]) };
        say(&format!("{}: p99 {:.2} ms and {:.2} ms", line.filter, line.few.1, line.many.1));
        lines.push(line);
    }
    Ok(lines)
}

fn figures(walks: &[Vec<f64>]) -> (f64, f64) {
    let mut took: Vec<f64> = walks.iter().flatten().copied().collect();
    took.sort_by(f64::total_cmp);
    let at = |percent: usize| took[(took.len() * percent).div_ceil(100).max(1) - 1];
    (at(50), at(99))
}

/// A server with so many events.
struct Side {
    sluice: Sluice,
    key: String,
    /// An event in the middle, as the list has it.
    middle: Value,
}

impl Side {
    async fn start(binary: &Path, events: u64, say: &impl Fn(&str)) -> Result<Self> {
        let sluice = Setup::new(binary).start().await?;
        let key = sluice.full_key().await?;
        let workflow = "name: Fail\ntriggers: [{ eventType: shop.broken }]\nsteps:\n  - id: no\n    \
                        fail: { message: \"no\" }\n";
        sluice.apply(workflow, &key).await?;
        fill_up(&sluice, &key, events, event, say).await?;
        let page = sluice.get(&format!("/api/v1/events?q=bench-{}", events / 2), &key).await?;
        let middle = page["items"][0].clone();
        ensure!(middle["id"].is_string(), "the middle is not there: {page}");
        Ok(Self { sluice, key, middle })
    }

    /// Each filter by itself, with how it is asked for.
    fn filters(&self) -> Vec<(String, String)> {
        let text = |name: &str| self.middle[name].as_str().unwrap_or_default().to_owned();
        let (id, received) = (text("id"), text("receivedAt"));
        let all = [
            ("none", String::new()),
            ("eventType=shop.t7", "eventType=shop.t7".to_owned()),
            ("eventType=shop.*", "eventType=shop.*".to_owned()),
            ("eventType=*.t7", "eventType=*.t7".to_owned()),
            ("eventType=*.broken", "eventType=*.broken".to_owned()),
            ("source=source-3", "source=source-3".to_owned()),
            ("status=processed", "status=processed".to_owned()),
            ("status=failed", "status=failed".to_owned()),
            ("status=pending", "status=pending".to_owned()),
            ("from", format!("from={}", percent(&received))),
            ("to", format!("to={}", percent(&received))),
            ("q, an id's beginning", format!("q={}", &id[..id.len().min(20)])),
            ("q, a sender's id", format!("q={}", text("eventId"))),
        ];
        all.into_iter().map(|(name, query)| (name.to_owned(), query)).collect()
    }

    /// How long each page took, in milliseconds.
    async fn walk(&self, name: &str) -> Result<Vec<f64>> {
        let filters = self.filters();
        let (_, query) = filters.iter().find(|(known, _)| known == name).context("no filter")?;
        let (mut took, mut cursor) = (Vec::new(), None::<String>);
        for _ in 0..PAGES {
            let from = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let request = Request::get(format!("/api/v1/events?limit=100&{query}{from}"));
            let begun = Instant::now();
            let answer = self.sluice.call(request.key(&self.key)).await?;
            took.push(begun.elapsed().as_secs_f64() * 1_000.0);
            ensure!(answer.status == 200, "{}: {}", answer.status, answer.text());
            cursor = answer.json()?["nextCursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        Ok(took)
    }
}

/// Stores so many events.
pub(crate) async fn fill_up(
    sluice: &Sluice,
    key: &str,
    events: u64,
    event: fn(u64) -> Value,
    say: &impl Fn(&str),
) -> Result<()> {
    let begun = Instant::now();
    let mut sent = 0;
    while sent < events {
        let most = (SENDERS * BATCH * 50).min(events - sent);
        let share = most.div_ceil(SENDERS);
        let send = |from: u64| fill(sluice, key, event, from, (from + share).min(sent + most));
        try_join_all((0..SENDERS).map(|n| send((sent + n * share).min(sent + most)))).await?;
        sent += most;
        say(&format!("{sent} of {events} events after {:.0?}", begun.elapsed()));
    }
    Ok(())
}

/// Stores the events with these numbers.
async fn fill(
    sluice: &Sluice,
    key: &str,
    event: fn(u64) -> Value,
    from: u64,
    to: u64,
) -> Result<()> {
    let mut next = from;
    while next < to {
        let end = (next + BATCH).min(to);
        let batch: Vec<Value> = (next..end).map(event).collect();
        let request = Request::post("/api/webhooks/ingest/batch").key(key).json(&batch);
        // What was refused because too much was waiting is sent again, with what was not.
        loop {
            let status = sluice.call(request.clone()).await?.status;
            match status {
                202 => break,
                207 | 503 => tokio::time::sleep(BREATH).await,
                other => bail!("a batch was answered with {other}"),
            }
        }
        next = end;
    }
    Ok(())
}

fn event(number: u64) -> Value {
    let kind = match number % 50 {
        0 => "shop.broken".to_owned(),
        _ => format!("shop.t{}", number % 20),
    };
    json!({
        "eventType": kind,
        "source": format!("source-{}", number % 10),
        "eventId": format!("bench-{number}"),
        "payload": { "number": number, "customer": { "city": "Brest" }, "total": number % 500 },
    })
}

/// The lines as people read them.
pub fn table(options: Options, lines: &[Line]) -> Result<String> {
    use std::fmt::Write as _;
    let (few, many) = (options.few, options.many);
    let mut text = String::new();
    writeln!(text, "{:<24}{few:>24}{many:>24}{:>8}", "filter", "ratio")?;
    for Line { filter, few, many } in lines {
        let both = |(p50, p99): &(f64, f64)| format!("p50 {p50:.2} p99 {p99:.2} ms");
        let ratio = many.1 / few.1;
        writeln!(text, "{filter:<24}{:>24}{:>24}{ratio:>8.2}", both(few), both(many))?;
    }
    Ok(text)
}
