//! Trial 24: streams that nobody reads.
//!
//! Each is opened as a browser does and then left alone, while events come in
//! as fast as they can. Passes when none of them costs the server more than
//! 256 KiB, and the server still pushes to one that is read.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::Report;
use crate::http::Request;
use crate::load::{self, Plan};
use crate::sluice::{Setup, Sluice, order};
use crate::sse::{self, Message};

const EACH_LIMIT: u64 = 256 * 1024;
const CONNECTIONS: usize = 64;
const SOON: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub readers: usize,
    /// How long events come in, before and while there are such readers.
    pub length: Duration,
}

pub async fn run(binary: &Path, options: Options) -> Result<Report> {
    let Options { readers, length } = options;
    let sluice = Setup::new(binary).start().await?;
    let key = sluice.full_key().await?;
    // What intake itself takes, at its most.
    let first = flood(&sluice, &key, length, 0).await?;
    let before = sluice.process()?.resident()?.0;
    // Half of them with a filter: what these are sent is made for each. Some want every event.
    let stream = |number: usize| {
        let query = match number % 8 {
            1 => "?source=bench&fold=false",
            3 | 5 | 7 => "?source=bench",
            _ => "",
        };
        Request::get(format!("/api/v1/stream{query}")).key(&key)
    };
    let unread = sse::open_many(sluice.address()?, readers, stream).await?;
    flood(&sluice, &key, length, first).await?;
    let each = sluice.process()?.resident()?.0.saturating_sub(before) / readers as u64;
    let mut read = sse::open(sluice.address()?, stream(0)).await?;
    let id = sluice.accept(&order(1), &key).await?;
    let told = |message: &Message| message.data.contains(&id);
    let pushes = read.until(SOON, told).await.is_ok();
    drop(unread);
    Ok(Report {
        trial: "24 streams that nobody reads",
        holds: each <= EACH_LIMIT && pushes,
        seen: format!(
            "{readers} streams: {} KiB for each, {} MiB without them; one that is read is {}told",
            each / 1024,
            before / 1_048_576,
            if pushes { "" } else { "not " },
        ),
    })
}

/// The number that the next event may have.
async fn flood(sluice: &Sluice, key: &str, length: Duration, first: u64) -> Result<u64> {
    let plan = Plan::new(sluice.address()?, key, CONNECTIONS);
    Ok(load::drive(Plan { first, length, ..plan }).await?.next)
}
