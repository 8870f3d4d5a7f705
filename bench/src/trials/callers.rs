//! Trial 25: a flood of callers, each from a network of its own.
//!
//! They come through a proxy that is believed, one request each. Passes when the server's memory hardly
//! grows, none of them is taken for another, and one who asks too often is refused all the same.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};
use futures::future::try_join_all;

use super::Report;
use crate::http::Request;
use crate::sluice::Setup;
use crate::wire::Wire;

const GROWTH: u64 = 16 << 20;
const CONNECTIONS: u64 = 64;
/// How many requests one caller has in a minute.
const SHARE: u64 = 100;
const UNKNOWN_KEY: u16 = 401;
const TOO_MANY: u16 = 429;

pub async fn run(binary: &Path, callers: u64) -> Result<Report> {
    let setup = Setup::new(binary)
        .set("SLUICE_INGEST_RATE_LIMIT", format!("{SHARE}/min"))
        .set("SLUICE_TRUSTED_PROXIES", "127.0.0.0/8");
    let sluice = setup.start().await?;
    let address = sluice.address()?;
    knock_together(address, 0, 20).await?;
    sluice.process()?.forget_peak()?;
    let (before, _) = sluice.process()?.resident()?;
    let (first, each) = (1 << 16, callers.div_ceil(CONNECTIONS));
    let mistaken = knock_together(address, first, each).await?;
    let grown = sluice.process()?.resident()?.1.saturating_sub(before);
    let same = (0..SHARE + 20).map(|_| 7);
    let refused = knock(address, same).await?;
    Ok(Report {
        trial: "25 callers without number",
        holds: mistaken == 0 && grown <= GROWTH && refused >= 10,
        seen: format!(
            "{} callers: {mistaken} taken for another, memory grew by {:.1} MiB at most; of {} requests \
             of one caller {refused} were refused",
            each * CONNECTIONS,
            grown as f64 / 1_048_576.0,
            SHARE + 20,
        ),
    })
}

/// So many callers on each connection, from number `first` on; how many were refused for what others had
/// done.
async fn knock_together(address: SocketAddr, first: u64, each: u64) -> Result<u64> {
    let shares = (0..CONNECTIONS).map(|place| {
        let from = first + place * each;
        tokio::spawn(knock(address, from..from + each))
    });
    let refused = try_join_all(shares).await?;
    refused.into_iter().sum()
}

/// One request without a key from each of the callers; how many were refused for coming too often.
async fn knock(
    address: SocketAddr,
    callers: impl Iterator<Item = u64> + Send + 'static,
) -> Result<u64> {
    const NETWORK: &str = "2001:0000:0000";
    let request = Request::post("/api/webhooks/ingest")
        .header("x-forwarded-for", format!("{NETWORK}::1"))
        .header("content-type", "application/json")
        .bytes("{}");
    let mut bytes = request.to_bytes(address, true);
    let place = bytes.windows(NETWORK.len()).position(|part| part == NETWORK.as_bytes());
    let place = place.context("a request without its network")?;
    let mut wire = Wire::open(address).await?;
    let mut refused = 0;
    for caller in callers {
        let network = format!("2001:{:04x}:{:04x}", (caller >> 16) & 0xffff, caller & 0xffff);
        bytes[place..place + NETWORK.len()].copy_from_slice(network.as_bytes());
        let (status, _) = wire.exchange(&bytes).await?;
        anyhow::ensure!(status == UNKNOWN_KEY || status == TOO_MANY, "answered {status}");
        refused += u64::from(status == TOO_MANY);
    }
    Ok(refused)
}
