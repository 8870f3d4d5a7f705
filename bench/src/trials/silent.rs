//! Trial 23: sockets that say nothing, or a few bytes now and then.
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
const DRIP: Duration = Duration::from_secs(3);
/// Connections opened before a breath: a burst would overflow the queue of the
/// listening socket, and the kernel, not the server, would forget some of them.
const BURST: usize = 50;
const BREATH: Duration = Duration::from_millis(10);
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
    let (mut held, mut refused) = (JoinSet::new(), 0);
    for number in 0..sockets {
        let manner = match number % 3 {
            0 => Manner::Silent,
            1 => Manner::DrippingHead,
            _ => Manner::DrippingBody,
        };
        match TcpStream::connect(address).await {
            Ok(stream) => drop(held.spawn(hold(stream, manner, key.clone()))),
            Err(_) => refused += 1,
        }
        if number % BURST == BURST - 1 {
            tokio::time::sleep(BREATH).await;
        }
    }
    let besieged = measure(address, &key, 2_000_000, measured).await?;
    let (mut slowest, mut uncut) = (Duration::ZERO, 0);
    while let Some(cut) = held.join_next().await {
        match cut? {
            Some(after) => slowest = slowest.max(after),
            None => uncut += 1,
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
async fn hold(mut stream: TcpStream, manner: Manner, key: String) -> Option<Duration> {
    let begin = Instant::now();
    let (opening, drip) = manner.speech(&key);
    let mut cut = stream.write_all(opening.as_bytes()).await.is_err();
    let mut answer = [0; 512];
    while !cut && begin.elapsed() < PATIENCE {
        cut = match tokio::time::timeout(DRIP, stream.read(&mut answer)).await {
            Ok(Ok(0) | Err(_)) => true,
            Ok(Ok(_)) => false,
            Err(_) => stream.write_all(drip).await.is_err(),
        };
    }
    cut.then(|| begin.elapsed())
}

impl Manner {
    /// What is said at once, and what is added again and again.
    fn speech(self, key: &str) -> (String, &'static [u8]) {
        let head =
            format!("POST /api/webhooks/ingest HTTP/1.1\r\nhost: sluice\r\nx-api-key: {key}\r\n");
        match self {
            Self::Silent => (String::new(), b""),
            Self::DrippingHead => (head, b"x-a: b\r\n"),
            Self::DrippingBody => {
                let rest = "content-type: application/json\r\ncontent-length: 600\r\n\r\n{";
                (head + rest, b" ")
            }
        }
    }
}
