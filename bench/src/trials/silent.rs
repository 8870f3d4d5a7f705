//! Trial 23: sockets that say nothing, or one byte a second.
//!
//! Passes when the server cuts each within fifteen seconds and the others
//! hardly notice: ingest p99 at most doubles meanwhile.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::Report;
use crate::load::{self, Outcome, Plan};
use crate::sluice::Setup;

const CUT_LIMIT: Duration = Duration::from_secs(15);
const PATIENCE: Duration = Duration::from_secs(25);
const DRIP: Duration = Duration::from_secs(1);
const CONNECTIONS: usize = 16;
const PAUSE: Duration = Duration::from_millis(5);
/// Below this a p99 is noise of the machine, whatever its ratio.
const NOISE_MS: f64 = 5.0;

#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub sockets: usize,
    /// How long ingest is measured before and during.
    pub measured: Duration,
    /// The most that ingest's p99 may grow by; a busy test machine has no say in it.
    pub growth: f64,
}

impl Options {
    /// The trial as it counts: p99 at most doubles.
    pub fn full(sockets: usize) -> Self {
        Self { sockets, measured: Duration::from_secs(5), growth: 2.0 }
    }
}

/// The three ways of holding a connection without ever finishing a request.
#[derive(Clone, Copy, Debug)]
enum Manner {
    Silent,
    DrippingHead,
    DrippingBody,
}

pub async fn run(binary: &Path, options: Options) -> Result<Report> {
    let Options { sockets, measured, growth } = options;
    let sluice = Setup::new(binary).start().await?;
    let key = sluice.key(&["ingest"]).await?;
    let address = sluice.address()?;
    measure(address, &key, 0, measured).await?;
    let calm = measure(address, &key, 1_000_000, measured).await?;
    let mut held = JoinSet::new();
    for number in 0..sockets {
        let manner = match number % 3 {
            0 => Manner::Silent,
            1 => Manner::DrippingHead,
            _ => Manner::DrippingBody,
        };
        let key = key.clone();
        held.spawn(async move { hold(address, manner, &key).await });
    }
    let besieged = measure(address, &key, 2_000_000, measured).await?;
    let (mut slowest, mut uncut, mut refused) = (Duration::ZERO, 0, 0);
    while let Some(cut) = held.join_next().await {
        match cut? {
            Ok(Some(after)) => slowest = slowest.max(after),
            Ok(None) => uncut += 1,
            Err(_) => refused += 1,
        }
    }
    let (before, during) = (calm.percentile(99.0), besieged.percentile(99.0));
    let errors = besieged.refusals() + besieged.broken;
    let unharmed = during <= NOISE_MS || during <= growth * before;
    Ok(Report {
        trial: "23 silent and dripping sockets",
        holds: uncut == 0 && slowest <= CUT_LIMIT && unharmed && errors == 0,
        seen: format!(
            "{sockets} sockets: slowest cut after {slowest:.1?}, {uncut} not cut in {PATIENCE:?}, \
             {refused} could not connect; ingest p99 {before:.2} ms before, {during:.2} ms during, \
             {errors} errors",
        ),
    })
}

async fn measure(address: SocketAddr, key: &str, first: u64, length: Duration) -> Result<Outcome> {
    let plan = Plan::new(address, key, CONNECTIONS);
    load::drive(Plan { first, pause: PAUSE, length, ..plan }).await
}

/// Holds one connection; how long until the server cut it, `None` when it did not.
async fn hold(address: SocketAddr, manner: Manner, key: &str) -> Result<Option<Duration>> {
    let mut stream = TcpStream::connect(address).await?;
    let begin = Instant::now();
    let head =
        format!("POST /api/webhooks/ingest HTTP/1.1\r\nhost: {address}\r\nx-api-key: {key}\r\n");
    let drip: &[u8] = match manner {
        Manner::Silent => b"",
        Manner::DrippingHead => {
            stream.write_all(head.as_bytes()).await?;
            b"x-a: b\r\n"
        }
        Manner::DrippingBody => {
            let rest = "content-type: application/json\r\ncontent-length: 600\r\n\r\n{";
            stream.write_all(format!("{head}{rest}").as_bytes()).await?;
            b" "
        }
    };
    let mut answer = [0; 512];
    while begin.elapsed() < PATIENCE {
        match tokio::time::timeout(DRIP, stream.read(&mut answer)).await {
            Ok(Ok(0) | Err(_)) => return Ok(Some(begin.elapsed())),
            Ok(Ok(_)) => {}
            Err(_) if drip.is_empty() => {}
            Err(_) if stream.write_all(drip).await.is_err() => return Ok(Some(begin.elapsed())),
            Err(_) => {}
        }
    }
    Ok(None)
}
