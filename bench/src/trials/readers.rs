//! Trial 6: readers that never come to an end, beside a steady load.
//!
//! SQLite's log cannot begin anew while someone reads what is in it. Exports and streams are opened
//! and left alone. Passes when the log stays within bounds all the same.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use futures::future::try_join_all;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::Report;
use crate::http::Request;
use crate::load::{self, Plan};
use crate::sluice::Setup;
use crate::sse;

const MOST: u64 = 256 << 20;
/// Of each kind.
const READERS: usize = 20;
/// With a pause between two events of a connection: some 5,000 events a second.
const CONNECTIONS: usize = 32;
const PAUSE: Duration = Duration::from_millis(5);
const LOOK: Duration = Duration::from_millis(50);

pub async fn run(binary: &Path, length: Duration) -> Result<Report> {
    let sluice = Setup::new(binary).start().await?;
    let key = sluice.full_key().await?;
    let address = sluice.address()?;
    // More than the sockets between here and there can hold.
    let plan = Plan { length: Duration::from_secs(2), ..Plan::new(address, &key, CONNECTIONS) };
    let first = load::drive(plan.clone()).await?.next;
    let exports = try_join_all((0..READERS).map(async |_| {
        let mut stream = TcpStream::connect(address).await?;
        let request = Request::get("/api/v1/events/export").key(&key);
        stream.write_all(&request.to_bytes(address, true)).await?;
        anyhow::Ok(stream)
    }));
    let exports = exports.await?;
    let streams = sse::open_many(address, READERS, |_| Request::get("/api/v1/stream").key(&key));
    let streams = streams.await?;

    let load = load::start(Plan { first, length, pause: PAUSE, ..plan });
    let ended = Arc::new(AtomicBool::new(false));
    let longest = tokio::spawn(watch(sluice.database()?, Arc::clone(&ended)));
    let outcome = load.finish().await?;
    ended.store(true, Ordering::Relaxed);
    let longest = longest.await?;
    drop((exports, streams));
    let refused = outcome.refusals() + outcome.broken;
    Ok(Report {
        trial: "6 readers without an end",
        holds: longest <= MOST && refused == 0,
        seen: format!(
            "{READERS} exports and {READERS} streams that nobody reads, {length:.0?} at {:.0} events a \
             second, {refused} refused: the log had {} MiB at most",
            outcome.per_second(),
            longest >> 20,
        ),
    })
}

/// The most bytes that the log had, until told to end.
async fn watch(database: PathBuf, ended: Arc<AtomicBool>) -> u64 {
    let mut log = database.into_os_string();
    log.push("-wal");
    let mut longest = 0;
    while !ended.load(Ordering::Relaxed) {
        longest = longest.max(std::fs::metadata(&log).map_or(0, |file| file.len()));
        tokio::time::sleep(LOOK).await;
    }
    longest
}
