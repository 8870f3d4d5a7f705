//! Trial 21: senders that go away in the middle of a request.
//!
//! Passes when the server holds no socket of theirs afterwards and still
//! answers as many readers at once as before: none of its own connections to
//! the database went away with them.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures::future::join_all;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::Report;
use crate::http::{Request, send};
use crate::process::Process;
use crate::sluice::{Setup, order};

const TOGETHER: usize = 50;
const LET_GO: Duration = Duration::from_secs(15);
const READERS: usize = 64;

/// Of `requests` one in five is cancelled.
pub async fn run(binary: &Path, requests: usize) -> Result<Report> {
    let sluice = Setup::new(binary).start().await?;
    let key = sluice.full_key().await?;
    sluice.accept(&order(0), &key).await?;
    let address = sluice.address()?;
    let before = sockets(sluice.process()?)?;
    let (mut accepted, mut cancelled, mut failed) = (0, 0, 0);
    for first in (0..requests).step_by(TOGETHER) {
        let each = (first..requests.min(first + TOGETHER)).map(async |number| {
            let write = Request::post("/api/webhooks/ingest").key(&key).json(&order(number as u64));
            let read = Request::get("/api/v1/events?limit=20").key(&key);
            let request = if number % 2 == 0 { write } else { read };
            match number % 5 {
                0 => cancel(address, &request, number).await.map(|()| None),
                _ => send(address, &request).await.map(|answer| Some(answer.status)),
            }
        });
        for outcome in join_all(each).await {
            match outcome {
                Ok(None) => cancelled += 1,
                Ok(Some(200 | 202)) => accepted += 1,
                Ok(Some(_)) | Err(_) => failed += 1,
            }
        }
    }
    let begin = Instant::now();
    let mut left = sockets(sluice.process()?)?;
    while left > before && begin.elapsed() < LET_GO {
        tokio::time::sleep(Duration::from_millis(50)).await;
        left = sockets(sluice.process()?)?;
    }
    let readers = (0..READERS).map(|_| sluice.get("/api/v1/events?limit=100", &key));
    let served = join_all(readers).await.into_iter().filter(Result::is_ok).count();
    Ok(Report {
        trial: "21 cancelled requests",
        holds: failed == 0 && left <= before && served == READERS,
        seen: format!(
            "{accepted} answered, {cancelled} cancelled, {failed} failed; {} sockets left over after \
             {:.2?}, {served} of {READERS} readers served at once",
            left.saturating_sub(before),
            begin.elapsed()
        ),
    })
}

/// Sends some or all of the request, waits a little or not at all, and hangs up.
async fn cancel(address: SocketAddr, request: &Request, number: usize) -> Result<()> {
    let bytes = request.to_bytes(address, true);
    let part = match number % 3 {
        0 => bytes.len(),
        1 => bytes.len() - 1,
        _ => bytes.len() / 2,
    };
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&bytes[..part]).await?;
    tokio::time::sleep(Duration::from_micros((number as u64 * 137) % 2_000)).await;
    Ok(())
}

fn sockets(process: &Process) -> Result<usize> {
    let pid = process.pid().context("the server has ended")?;
    let open = std::fs::read_dir(format!("/proc/{pid}/fd"))?.flatten();
    let target = |file: std::fs::DirEntry| std::fs::read_link(file.path()).ok();
    let is_socket = |path: &std::path::PathBuf| path.to_string_lossy().starts_with("socket:");
    Ok(open.filter_map(target).filter(is_socket).count())
}
