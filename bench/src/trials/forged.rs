//! Trial 32: deliveries that were signed by nobody who holds the secret, and what the time of a refusal
//! tells about the signature that would have been right.
//!
//! Each forgery begins as a delivery that would be believed and is changed in one way. Passes when none
//! is believed, none harms the server or fills its log, and refusals take the same time wherever the first
//! wrong byte is.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures::future::try_join_all;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::Report;
use crate::http::Request;
use crate::sluice::Setup;
use crate::wire::Wire;

const CONNECTIONS: u64 = 64;
const BODY: &[u8] = br#"{"type":"order.paid","id":"one","total":120}"#;
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER_SECRET: &str = "whsec_AAAQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const KINDS: [&str; 6] = ["github", "stripe", "shopify", "slack", "standard-webhooks", "hmac"];
/// How many lines the log may have, besides one for every tenth forgery.
const LINES: u64 = 1_000;
/// Of Welch's t: more than this is a difference, whatever the noise.
const MOST: f64 = 4.5;
/// Of the times, the slowest tenth says more about the machine than about the server.
const COUNTED: f64 = 0.9;

#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub forgeries: u64,
    /// Refusals whose time is taken; none leaves the times out.
    pub timed: usize,
}

pub async fn run(binary: &Path, options: Options) -> Result<Report> {
    let sluice = Setup::new(binary).start().await?;
    for kind in KINDS {
        let create = ["sources", "create", "--name", kind, "--kind", kind, "--secret", SECRET];
        sluice.command(&create, None).await?;
    }
    let address = sluice.address()?;
    let mut wire = Wire::open(address).await?;
    for kind in KINDS {
        let (status, body) = wire.exchange(&Delivery::honest(kind).to_bytes(address)).await?;
        let said = String::from_utf8_lossy(body);
        ensure!(status == 202, "what {kind} signed is not believed: {status} {said}");
    }
    let each = options.forgeries.div_ceil(CONNECTIONS);
    let shares = (0..CONNECTIONS).map(|place| tokio::spawn(forge(address, place * each, each)));
    let mut seen = Seen::default();
    for share in try_join_all(shares).await? {
        let share = share?;
        seen.believed += share.believed;
        seen.harmed += share.harmed;
    }
    let t = if options.timed == 0 { 0.0 } else { difference(address, options.timed).await? };
    let printed = sluice.printed();
    let (panicked, lines) = (printed.contains("panicked"), printed.lines().count() as u64);
    Ok(Report {
        trial: "32 forged signatures",
        holds: seen.believed == 0
            && seen.harmed == 0
            && !panicked
            && lines <= LINES + options.forgeries / 10
            && t.abs() < MOST,
        seen: format!(
            "{} forgeries: {} believed, {} harmed the server, {}, {lines} lines of log; first byte wrong \
             beside last byte wrong, {} refusals: t = {t:.2}",
            each * CONNECTIONS,
            seen.believed,
            seen.harmed,
            if panicked { "it panicked" } else { "no panic" },
            options.timed,
        ),
    })
}

#[derive(Debug, Default)]
struct Seen {
    believed: u64,
    /// Answers of 500 and more.
    harmed: u64,
}

async fn forge(address: SocketAddr, first: u64, count: u64) -> Result<Seen> {
    let mut wire = Wire::open(address).await?;
    let mut seen = Seen::default();
    for number in first..first + count {
        let forgery = Delivery::forged(number);
        let (status, _) = wire.exchange(&forgery.to_bytes(address)).await?;
        seen.believed += u64::from(status < 400);
        seen.harmed += u64::from(status >= 500);
    }
    Ok(seen)
}

struct Delivery {
    kind: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Delivery {
    fn honest(kind: &'static str) -> Self {
        let at = now();
        let headers = headers(kind, at, &digest(kind, SECRET, at, BODY));
        Self { kind, headers, body: BODY.to_vec() }
    }

    /// One of a kind, changed in one way.
    fn forged(number: u64) -> Self {
        let kind = KINDS[(number % 6) as usize];
        let chance = mixed(number);
        let at = now();
        let mut digest = digest(kind, SECRET, at, BODY);
        let mut body = BODY.to_vec();
        let mut said = at;
        match (number / 6) % 8 {
            0 => digest[(chance / 8 % 32) as usize] ^= 1 << (chance % 8),
            1 => digest.truncate((chance % 32) as usize),
            2 => digest.extend(&chance.to_be_bytes()[..1 + (chance % 8) as usize]),
            3 => digest = self::digest(kind, OTHER_SECRET, at, BODY),
            4 => body[(chance / 8 % BODY.len() as u64) as usize] ^= 1 << (chance % 7),
            5 if ["stripe", "slack", "standard-webhooks"].contains(&kind) => {
                said += 1 + (chance % 250) as i64;
            }
            5 => digest = self::digest(kind, SECRET, at, b""),
            6 => digest = vec![chance as u8; 32],
            _ => {
                let mut headers = headers(kind, said, &digest);
                spoil(&mut headers, chance);
                return Self { kind, headers, body };
            }
        }
        Self { kind, headers: headers(kind, said, &digest), body }
    }

    fn to_bytes(&self, address: SocketAddr) -> Vec<u8> {
        // Where some kinds say what the event is.
        let post = Request::post(format!("/api/webhooks/{}", self.kind))
            .header("content-type", "application/json")
            .header("x-github-event", "push")
            .header("x-shopify-topic", "orders/paid");
        let request =
            self.headers.iter().fold(post, |request, (name, value)| request.header(name, value));
        request.bytes(self.body.clone()).to_bytes(address, true)
    }
}

/// Leaves one header out, or writes something else into it.
fn spoil(headers: &mut Vec<(&'static str, String)>, chance: u64) {
    let place = (chance / 4) as usize % headers.len();
    let noise = || (0..chance % 60).map(|at| char::from(b'!' + (mixed(chance ^ at) % 90) as u8));
    match chance % 4 {
        0 => drop(headers.remove(place)),
        1 => headers[place].1 = noise().collect(),
        2 => headers[place].1.insert_str(0, &noise().chain(['x']).collect::<String>()),
        _ => {
            let half = headers[place].1.len() / 2;
            headers[place].1.truncate(half);
        }
    }
}

/// As the provider says where it documents its webhooks.
fn headers(kind: &str, at: i64, digest: &[u8]) -> Vec<(&'static str, String)> {
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let base64 = || BASE64_STANDARD.encode(digest);
    match kind {
        "github" => vec![("x-hub-signature-256", format!("sha256={hex}"))],
        "stripe" => vec![("stripe-signature", format!("t={at},v1={hex}"))],
        "shopify" => vec![("x-shopify-hmac-sha256", base64())],
        "slack" => vec![
            ("x-slack-request-timestamp", at.to_string()),
            ("x-slack-signature", format!("v0={hex}")),
        ],
        "standard-webhooks" => vec![
            ("webhook-id", "msg_1".to_owned()),
            ("webhook-timestamp", at.to_string()),
            ("webhook-signature", format!("v1,{}", base64())),
        ],
        _ => vec![("x-signature", hex)],
    }
}

fn digest(kind: &str, secret: &str, at: i64, body: &[u8]) -> Vec<u8> {
    let before = match kind {
        "stripe" => format!("{at}."),
        "slack" => format!("v0:{at}:"),
        "standard-webhooks" => format!("msg_1.{at}."),
        _ => String::new(),
    };
    let key = match kind {
        "standard-webhooks" => {
            BASE64_STANDARD.decode(secret.trim_start_matches("whsec_")).unwrap_or_default()
        }
        _ => secret.as_bytes().to_vec(),
    };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return Vec::new() };
    mac.update(before.as_bytes());
    mac.update(body);
    mac.finalize().into_bytes().to_vec()
}

#[expect(clippy::disallowed_methods, reason = "signatures name the time as their receiver has it")]
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}

/// A number that looks like chance and is the same each time (splitmix64).
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Welch's t between refusals whose signature is wrong in its first byte and in its last.
async fn difference(address: SocketAddr, timed: usize) -> Result<f64> {
    let mut wire = Wire::open(address).await?;
    let wrong_at = |place: usize| {
        let mut digest = digest("github", SECRET, 0, BODY);
        digest[place] ^= 1;
        let headers = headers("github", 0, &digest);
        Delivery { kind: "github", headers, body: BODY.to_vec() }.to_bytes(address)
    };
    let requests = [wrong_at(0), wrong_at(31)];
    let mut times = [Vec::new(), Vec::new()];
    for number in 0..timed {
        let which = (mixed(number as u64) % 2) as usize;
        let sent = Instant::now();
        wire.exchange(&requests[which]).await?;
        times[which].push(sent.elapsed().as_nanos() as f64);
    }
    let mut all: Vec<f64> = times.iter().flatten().copied().collect();
    all.sort_by(f64::total_cmp);
    let most = *all.get((all.len() as f64 * COUNTED) as usize).context("too few refusals")?;
    let [first, last] = times.map(|mut times| {
        times.retain(|time| *time <= most);
        times
    });
    Ok(welch(&first, &last))
}

/// How far two means are apart, measured by what chance would do.
fn welch(left: &[f64], right: &[f64]) -> f64 {
    let of = |values: &[f64]| {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    };
    let ((left, left_share), (right, right_share)) = (of(left), of(right));
    (left - right) / (left_share + right_share).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example in GitHub's documentation.
    #[test]
    fn a_digest_is_what_the_provider_says() {
        let digest = digest("github", "It's a Secret to Everybody", 0, b"Hello, World!");
        let expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert_eq!(headers("github", 0, &digest)[0].1, expected);
    }

    #[test]
    fn every_forgery_differs_from_what_would_be_believed() {
        for number in 0..20_000 {
            let forged = Delivery::forged(number);
            let kind = forged.kind;
            // The second may have turned between the two.
            let honest =
                [now() - 1, now()].map(|at| headers(kind, at, &digest(kind, SECRET, at, BODY)));
            let same = forged.body == BODY && honest.contains(&forged.headers);
            assert!(!same, "{number} {kind}");
        }
    }

    #[test]
    fn means_that_differ_are_told_apart() {
        let around = |mean: f64| (0..1_000).map(|n| mean + f64::from(n % 10)).collect::<Vec<_>>();
        assert!(welch(&around(100.0), &around(100.0)).abs() < 0.01);
        assert!(welch(&around(100.0), &around(102.0)) < -MOST);
    }
}
