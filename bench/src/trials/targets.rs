//! Trial 29: calls to addresses at home, in all ranges and spellings.
//!
//! Passes when none of them is connected to and each run ends as refused. The listener stands on every
//! address of this machine, so that a call that slipped through would be seen.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::Report;
use crate::sluice::Setup;

/// Events in one request.
const BATCH: usize = 100;
/// The longest that the runs may take after the last event.
const PATIENCE: Duration = Duration::from_secs(300);
const WORKFLOW: &str = r#"
name: Calls what it is told
triggers: [{ eventType: call.* }]
steps:
  - id: call
    http: { url: "${event.payload.url}", followRedirects: 3, timeout: 2s }
    retry: { attempts: 1 }
"#;

pub async fn run(binary: &Path, urls: usize) -> Result<Report> {
    let (port, connects) = listen().await?;
    let sluice = Setup::new(binary).unset("SLUICE_ALLOW_TARGETS").start().await?;
    let key = sluice.full_key().await?;
    sluice.apply(WORKFLOW, &key).await?;
    let mut sent = 0;
    while sent < urls {
        let events: Vec<Value> =
            (sent..urls.min(sent + BATCH)).map(|number| event(number, port)).collect();
        sent += events.len();
        let answer = sluice
            .call(
                crate::http::Request::post("/api/webhooks/ingest/batch")
                    .key(&key)
                    .json(&json!(events)),
            )
            .await?;
        anyhow::ensure!(answer.status < 300, "{}: {}", answer.status, answer.text());
    }
    let begun = Instant::now();
    let failed = loop {
        let stats = sluice.get("/api/v1/stats", &key).await?;
        let failed = stats["counts"]["failed"].as_u64().context("stats without a count")? as usize;
        let count = |status: &str| stats["counts"][status].as_u64().unwrap_or(1);
        let open = count("pending") + count("processing");
        if open == 0 || begun.elapsed() > PATIENCE {
            break failed;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let page = sluice.get("/api/v1/dead-letters?limit=200", &key).await?;
    let codes = page["items"].as_array().context("no dead letters")?;
    let code =
        |letter: &Value| letter["error"]["errorCode"].as_str().unwrap_or_default().to_owned();
    // A name that does not exist is looked up and not found, and its host left alone after some failures; all else is
    // refused by its address.
    let known = ["target_refused", "url", "connect", "timeout", "circuit_open"];
    let strange: Vec<_> =
        codes.iter().map(code).filter(|code| !known.contains(&code.as_str())).collect();
    let connects = connects.load(Ordering::SeqCst);
    Ok(Report {
        trial: "29 calls to addresses at home",
        holds: connects == 0 && failed == urls && strange.is_empty(),
        seen: format!(
            "{urls} URLs: {connects} connects, {failed} runs refused, unexpected causes {strange:?}"
        ),
    })
}

/// A port on every address of this machine, and how often it was connected to.
async fn listen() -> Result<(u16, Arc<AtomicUsize>)> {
    let listener = TcpListener::bind("[::]:0").await;
    let listener = match listener {
        Ok(listener) => listener,
        Err(_) => TcpListener::bind("0.0.0.0:0").await?,
    };
    let port = listener.local_addr()?.port();
    let connects = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connects);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    Ok((port, connects))
}

fn event(number: usize, port: u16) -> Value {
    json!({ "eventType": "call.made", "source": "trial", "payload": { "url": url(number, port) } })
}

/// The URL with this number: ranges and spellings in turn, each time with another address.
fn url(number: usize, port: u16) -> String {
    // Networks by their address and the number of bits that are free.
    const RANGES: [(u32, u32); 15] = [
        (0x7f00_0000, 24),
        (0x0a00_0000, 24),
        (0xac10_0000, 20),
        (0xc0a8_0000, 16),
        (0xa9fe_0000, 16),
        (0x6440_0000, 22),
        (0x0000_0000, 24),
        (0xc000_0000, 8),
        (0xc000_0200, 8),
        (0xc633_6400, 8),
        (0xcb00_7100, 8),
        (0xc612_0000, 17),
        (0xc058_6300, 8),
        (0xe000_0000, 28),
        (0xf000_0000, 28),
    ];
    const WRITTEN: usize = 16;
    let (base, free) = RANGES[number / WRITTEN % RANGES.len()];
    // A multiplication spreads the numbers over the range; the first of each is its own first address.
    let offset = ((number / (WRITTEN * RANGES.len())) as u32).wrapping_mul(2_654_435_761);
    let address = base | (offset & ((1 << free) - 1));
    let host = written(Ipv4Addr::from(address), number % WRITTEN);
    format!("http://{host}:{port}/{number}")
}

fn written(address: Ipv4Addr, way: usize) -> String {
    let [a, b, c, d] = address.octets();
    let number = u32::from(address);
    let [high, low] = [(number >> 16) as u16, number as u16];
    match way {
        0 => address.to_string(),
        1 => format!("{number}"),
        2 => format!("{number:#x}"),
        3 => format!("0{number:o}"),
        4 => format!("{a:#x}.{b:#x}.{c:#x}.{d:#x}"),
        5 => format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        6 => format!("{a}.{}", number & 0x00ff_ffff),
        7 => format!("{address}."),
        8 => format!("[::ffff:{high:x}:{low:x}]"),
        9 => format!("[64:ff9b::{high:x}:{low:x}]"),
        10 => format!("[2002:{high:x}:{low:x}::1]"),
        11 => format!("[2001:0:4136:e378:8000:63bf:{:x}:{:x}]", !high, !low),
        12 => format!("8.8.8.8@{number}"),
        13 => format!("[fe80::{high:x}:{low:x}%25lo]"),
        14 => ["localhost", "LOCALHOST.", "[::1]", "[::]", "[fd00::1]", "ip6-localhost"]
            [number as usize % 6]
            .to_owned(),
        _ => format!("no-{number}.invalid"),
    }
}

#[cfg(test)]
mod tests {
    use super::url;

    #[test]
    fn urls_differ_and_begin_with_loopback() {
        assert_eq!(url(0, 80), "http://127.0.0.0:80/0");
        let all: std::collections::HashSet<_> = (0..10_000).map(|number| url(number, 80)).collect();
        assert_eq!(all.len(), 10_000);
    }
}
