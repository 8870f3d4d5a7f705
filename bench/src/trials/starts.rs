//! Trial 27: starts that do not get far.
//!
//! Some are killed while the database is being made and brought up to date, others end by themselves
//! because their port is taken. Passes when the next start serves, the database is whole, and little is
//! left behind.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::net::TcpListener;

use super::Report;
use super::neighbours::integrity;
use crate::sluice::{Setup, data_directory, order};

/// How many are killed in one directory before one may serve.
const KILLS: usize = 20;
const LEFT: u64 = 1 << 20;
const STOP_LIMIT: Duration = Duration::from_secs(15);

/// So many starts that are killed, and as many that find their port taken.
pub async fn run(binary: &Path, times: usize) -> Result<Report> {
    let (_, usual) = in_order(Setup::new(binary), data_directory()?).await?;
    let (mut killed, mut left) = (0, Vec::new());
    while killed < times {
        let data = data_directory()?;
        for _ in 0..KILLS.min(times - killed) {
            let mut start = Setup::new(binary).command(data.path(), &["serve"]);
            let mut child = start.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
            tokio::time::sleep(lead(killed)).await;
            child.kill().await?;
            killed += 1;
        }
        left.push(in_order(Setup::new(binary), data).await?);
    }
    let taken = TcpListener::bind("127.0.0.1:0").await?;
    let setup = Setup::new(binary).set("SLUICE_LISTEN", taken.local_addr()?.to_string());
    let data = data_directory()?;
    for _ in 0..times {
        let ended = setup.command(data.path(), &["serve"]).output().await?;
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        ensure!(ended.status.code() == Some(1) && said.contains("in use"), "{ended:?}");
    }
    left.push(in_order(Setup::new(binary), data).await?);
    let damaged = left.iter().filter(|(whole, _)| !whole).count();
    let most = left.iter().map(|(_, size)| size.saturating_sub(usual)).max().unwrap_or(0);
    Ok(Report {
        trial: "27 starts that do not get far",
        holds: damaged == 0 && most <= LEFT,
        seen: format!(
            "{killed} killed while they started, {times} with their port taken: {damaged} databases \
             damaged, {:.2} MiB left behind at most",
            most as f64 / 1_048_576.0
        ),
    })
}

/// From none to 120 ms, so that kills fall on every migration.
fn lead(kill: usize) -> Duration {
    Duration::from_micros((kill as u64 * 7_919) % 120_000)
}

/// Serves an event from this directory; whether the database is whole after that, and the size of all
/// files there.
async fn in_order(setup: Setup, data: tempfile::TempDir) -> Result<(bool, u64)> {
    let mut sluice = setup.start_on(data).await?;
    let key = sluice.full_key().await?;
    let id = sluice.accept(&order(1), &key).await?;
    sluice.settled(&id, &key).await?;
    sluice.terminate(STOP_LIMIT).await?;
    let whole = integrity(&sluice).await? == "ok";
    let mut size = 0;
    for file in std::fs::read_dir(sluice.data())? {
        size += file?.metadata()?.len();
    }
    Ok((whole, size))
}
