//! Trial 28: a backup is taken while the server is under load, and put back elsewhere.
//!
//! Passes when every restored server has each event once that was acknowledged before its backup
//! began, no sender was refused meanwhile, and every restored file is whole.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Report;
use super::neighbours::integrity;
use crate::ledger::{self, Verdict};
use crate::load::{self, Acknowledged, Plan};
use crate::sluice::{Setup, Sluice, data_directory};

const CONNECTIONS: usize = 32;
/// Load before the backup begins, so that it falls into the middle of it.
const LEAD: Duration = Duration::from_millis(150);
/// Load at most; it is stopped when the backup is done.
const LENGTH: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(15);
/// Backups of one server before a new one is taken, to bound what each has to copy.
const BACKUPS_PER_SERVER: usize = 10;

#[derive(Debug, Default)]
struct Tally {
    backups: usize,
    /// Events that had been acknowledged before a backup began, over all of them.
    promised: usize,
    verdict: Verdict,
    refused: u64,
    damaged: Vec<String>,
    slowest: Duration,
}

pub async fn run(binary: &Path, times: usize, say: impl Fn(&str)) -> Result<Report> {
    let mut tally = Tally::default();
    while tally.backups < times {
        let backups = BACKUPS_PER_SERVER.min(times - tally.backups);
        of_one_server(binary, backups, &mut tally).await?;
        say(&format!("{} backups, {} promises", tally.backups, tally.promised));
    }
    let Tally { backups, promised, verdict, refused, damaged, slowest } = tally;
    Ok(Report {
        trial: "28 backup under load",
        holds: verdict.holds() && refused == 0 && damaged.is_empty(),
        seen: format!(
            "{backups} backups at {CONNECTIONS} connections, {promised} events promised before \
             them: {} lost, {} doubled, {refused} senders refused, {} damaged {:?}; slowest backup \
             {slowest:.2?}",
            verdict.lost,
            verdict.doubled,
            damaged.len(),
            damaged.first(),
        ),
    })
}

async fn of_one_server(binary: &Path, backups: usize, tally: &mut Tally) -> Result<()> {
    let sluice = Setup::new(binary).start().await?;
    let key = sluice.full_key().await?;
    let mut acknowledged: Vec<Acknowledged> = Vec::new();
    let mut next = 0;
    for _ in 0..backups {
        let folder = data_directory()?;
        let file = folder.path().join("copy.db");
        let plan = Plan::new(sluice.address()?, &key, CONNECTIONS);
        let load = load::start(Plan { first: next, remember: true, length: LENGTH, ..plan });
        tokio::time::sleep(LEAD).await;
        // They are remembered in the order of their answers: these came before the backup.
        let before = load.accepted() as usize;
        let begun = Instant::now();
        let made = sluice.command(&["backup", text(&file)?], None).await;
        tally.slowest = tally.slowest.max(begun.elapsed());
        load.stop();
        let outcome = load.finish().await?;
        made?;
        if before == 0 {
            bail!("no event was acknowledged in {LEAD:?}: the trial shows nothing");
        }
        next = outcome.next;
        tally.refused += outcome.refusals() + outcome.broken;
        let mut promised = acknowledged.clone();
        promised.extend_from_slice(&outcome.acknowledged[..before]);
        tally.promised += promised.len();
        restored(&sluice, &file, &promised, &key, tally).await?;
        acknowledged.extend(outcome.acknowledged);
        tally.backups += 1;
    }
    Ok(())
}

/// Puts the copy back, serves it, and holds it against what had been promised.
async fn restored(
    original: &Sluice,
    file: &Path,
    promised: &[Acknowledged],
    key: &str,
    tally: &mut Tally,
) -> Result<()> {
    let data = data_directory()?;
    let mut restore = original.setup().command(data.path(), &["restore", text(file)?]);
    let output = restore.output().await?;
    if !output.status.success() {
        bail!("restore ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    let mut copy = original.setup().clone().start_on(data).await?;
    tally.verdict.add(&ledger::compare(&copy, key, promised, 0).await?);
    copy.terminate(STOP_LIMIT).await?;
    let found = integrity(&copy).await?;
    if found != "ok" {
        tally.damaged.push(found);
    }
    Ok(())
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a directory that is not UTF-8")
}
