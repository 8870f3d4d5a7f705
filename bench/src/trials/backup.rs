//! Trial 28: a backup is taken while the server is under load, and put back elsewhere.
//!
//! Passes when every restored server has each event once that was acknowledged before its backup
//! began, no sender was refused meanwhile, and every restored file is whole. How much is taken in
//! during the backups stands beside as long a time without one.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Report;
use super::neighbours::integrity;
use crate::ledger::{self, Verdict};
use crate::load::{self, Acknowledged, Plan};
use crate::sluice::{Setup, Sluice, data_directory};

const CONNECTIONS: usize = 32;
/// Between two events of a connection: busy, with some of the processor to spare.
const PAUSE: Duration = Duration::from_millis(3);
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
    took: Duration,
    slowest: Duration,
    /// Events that were acknowledged during the backups, and in as long a time after each.
    meanwhile: u64,
    after: u64,
}

pub async fn run(binary: &Path, times: usize, say: impl Fn(&str)) -> Result<Report> {
    let mut tally = Tally::default();
    while tally.backups < times {
        let backups = BACKUPS_PER_SERVER.min(times - tally.backups);
        of_one_server(binary, backups, &mut tally).await?;
        say(&format!("{} backups, {} promises", tally.backups, tally.promised));
    }
    let Tally { backups, promised, verdict, refused, damaged, took, slowest, meanwhile, after } =
        tally;
    let per_second = |events: u64| events as f64 / took.as_secs_f64();
    Ok(Report {
        trial: "28 backup under load",
        holds: verdict.holds() && refused == 0 && damaged.is_empty(),
        seen: format!(
            "{backups} backups at {CONNECTIONS} connections, {promised} events promised before \
             them: {} lost, {} doubled, {refused} senders refused, {} damaged {:?}; slowest backup \
             {slowest:.2?}; {:.0} events a second during them, {:.0} after each: {:.2}",
            verdict.lost,
            verdict.doubled,
            damaged.len(),
            damaged.first(),
            per_second(meanwhile),
            per_second(after),
            meanwhile as f64 / after as f64,
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
        let plan = Plan { first: next, pause: PAUSE, remember: true, length: LENGTH, ..plan };
        let load = load::start(plan);
        tokio::time::sleep(LEAD).await;
        // They are remembered in the order of their answers: these came before the backup.
        let before = load.accepted();
        let begun = Instant::now();
        let made = sluice.command(&["backup", text(&file)?], None).await;
        let (took, with_it) = (begun.elapsed(), load.accepted());
        tokio::time::sleep(took).await;
        tally.meanwhile += with_it - before;
        tally.after += load.accepted() - with_it;
        tally.took += took;
        tally.slowest = tally.slowest.max(took);
        load.stop();
        let outcome = load.finish().await?;
        made?;
        if before == 0 {
            bail!("no event was acknowledged in {LEAD:?}: the trial shows nothing");
        }
        next = outcome.next;
        tally.refused += outcome.refusals() + outcome.broken;
        let mut promised = acknowledged.clone();
        promised.extend_from_slice(&outcome.acknowledged[..before as usize]);
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
