//! Trial 22: SIGTERM while a thousand browsers watch and many senders send.
//!
//! Passes when the server is gone within five seconds, by itself, and every
//! acknowledged event is there after the restart.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::task::JoinSet;

use super::Report;
use crate::http::Request;
use crate::ledger;
use crate::load::{self, Plan};
use crate::sluice::Setup;
use crate::sse;

const EXIT_LIMIT: Duration = Duration::from_secs(5);
/// Waited for at most: longer than the limit, so that the report can say by how much.
const PATIENCE: Duration = Duration::from_secs(30);
const LEAD: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub streams: usize,
    pub senders: usize,
}

pub async fn run(binary: &Path, options: Options) -> Result<Report> {
    let mut sluice = Setup::new(binary).start().await?;
    let key = sluice.full_key().await?;
    let address = sluice.address()?;
    let mut streams = JoinSet::new();
    for _ in 0..options.streams {
        let mut stream = sse::open(address, Request::get("/api/v1/stream").key(&key)).await?;
        streams.spawn(async move { while let Ok(Some(_)) = stream.next().await {} });
    }
    let plan = Plan::new(address, &key, options.senders);
    let load = load::start(Plan { remember: true, length: PATIENCE, ..plan });
    tokio::time::sleep(LEAD).await;
    let (status, took, printed) = sluice.terminate(PATIENCE).await?;
    load.stop();
    let outcome = load.finish().await?;
    let ended = async { while streams.join_next().await.is_some() {} };
    if tokio::time::timeout(EXIT_LIMIT, ended).await.is_err() {
        bail!("streams are still open after the server has ended: {printed}");
    }
    sluice.start().await?;
    let verdict = ledger::compare(&sluice, &key, &outcome.acknowledged, 0).await?;
    Ok(Report {
        trial: "22 SIGTERM with open streams and senders",
        holds: took <= EXIT_LIMIT && status.success() && verdict.holds(),
        seen: format!(
            "{} streams, {} senders: ended after {took:.2?} with {status}; {} acknowledged, \
             {} lost, {} doubled; answers other than 202: {:?}",
            options.streams,
            options.senders,
            outcome.accepted,
            verdict.lost,
            verdict.doubled,
            outcome.refused,
        ),
    })
}
