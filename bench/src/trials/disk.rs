//! Trials 4 and 5: a disk that refuses to flush, and one that is full.
//!
//! The server runs with a small library before libc (`faulty_disk.c`, Linux
//! with a C compiler) which refuses what this side tells it to. Passes when
//! nothing is acknowledged that the disk did not take, senders are told to come
//! again, reads go on, and the server recovers by itself.

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;

use super::Report;
use super::neighbours::integrity;
use crate::http::{Request, send};
use crate::ledger;
use crate::load::{Acknowledged, PLAIN, event_id};
use crate::sluice::{Setup, Sluice};

const RECOVERED: Duration = Duration::from_secs(5);
const STOP_LIMIT: Duration = Duration::from_secs(15);
/// The database's flushes fail once for so many senders that are turned away.
const REFUSED_EACH: usize = 10;
/// Requests under way at once.
const TOGETHER: u64 = 8;

/// Trial 4: while flushes fail nothing is acknowledged, and what they left out is written again.
pub async fn no_flush(binary: &Path, refused: u64) -> Result<Report> {
    let disk = FaultyDisk::build().await?;
    let mut trial = Trial::start(binary, &disk).await?;
    trial.recover().await?;

    let times = usize::try_from(refused)?.div_ceil(REFUSED_EACH);
    let mut copied_again = 0;
    for time in 1..=times {
        disk.set(Fault::DatabaseFlushes)?;
        let noticed = trial.send_until("the disk does not keep the database", time).await?;
        disk.set(Fault::None)?;
        let again = noticed && trial.send_until("the disk keeps the database again", time).await?;
        copied_again += usize::from(again);
    }
    let all_accepted = trial.turned_away == 0;

    disk.set(Fault::Flushes)?;
    let before = trial.told.len();
    while trial.turned_away < refused {
        trial.send(TOGETHER).await?;
    }
    let believed = trial.told.len() - before;
    let reads = trial.reads().await?;
    let not_ready = trial.becomes_ready(false).await?;
    disk.set(Fault::None)?;
    let recovered = trial.recover().await?;
    let rewritten = rewritten_before_believed(&disk.trace()?);
    let complaints = trial.complaints();
    let ready_again = trial.becomes_ready(true).await?;
    let turned_away = trial.turned_away;
    let (verdict, whole) = trial.conclude().await?;
    Ok(Report {
        trial: "4 the disk does not flush",
        holds: copied_again == times
            && all_accepted
            && believed == 0
            && rewritten
            && reads
            && recovered <= RECOVERED
            && complaints <= 2
            && not_ready
            && ready_again
            && verdict.holds()
            && whole,
        seen: format!(
            "what the database did not keep copied again {copied_again} of {times} times, with nobody turned away: \
             {all_accepted}; {turned_away} turned away with 503, {believed} believed, reads went on: {reads}, written \
             again before anything was believed: {rewritten}, {complaints} errors logged, recovered \
             after {recovered:.2?}, /readyz told of it: {not_ready}, and of the end: {ready_again}, {} lost, {} doubled, whole: {whole}",
            verdict.lost, verdict.doubled
        ),
    })
}

/// Trial 5: the disk is full, each time at another byte.
pub async fn full(binary: &Path, offsets: u64) -> Result<Report> {
    let disk = FaultyDisk::build().await?;
    let mut trial = Trial::start(binary, &disk).await?;
    let (mut slowest, mut reads, mut told_of) = (Duration::ZERO, true, false);
    for turn in 0..offsets {
        disk.set(Fault::Full { after: turn * 1_013 % 200_000 })?;
        trial.fill_up().await?;
        reads &= trial.reads().await?;
        // Once is enough: what it says may be a second old.
        told_of |= turn == 0 && trial.becomes_ready(false).await?;
        disk.set(Fault::None)?;
        slowest = slowest.max(trial.recover().await?);
    }
    let told = trial.told.len();
    let told_of = told_of && trial.becomes_ready(true).await?;
    let (verdict, whole) = trial.conclude().await?;
    Ok(Report {
        trial: "5 the disk is full",
        holds: reads && told_of && slowest <= RECOVERED && verdict.holds() && whole,
        seen: format!(
            "full {offsets} times, {told} acknowledged: {} lost, {} doubled, reads went on: {reads}, \
             /readyz told of it: {told_of}, slowest recovery {slowest:.2?}, whole: {whole}",
            verdict.lost, verdict.doubled
        ),
    })
}

/// Whether the log was begun anew, its contents flushed into the database, between the last refused
/// flush of the log and the end.
fn rewritten_before_believed(trace: &[String]) -> bool {
    let Some(refused) = trace.iter().rposition(|line| line == "flush log refused") else {
        return false;
    };
    let mut after = trace[refused..].iter().map(String::as_str);
    after.any(|line| line == "flush database") && after.any(|line| line == "truncate log")
}

/// A server on the faulty disk, and what it said.
struct Trial {
    sluice: Sluice,
    key: String,
    next: u64,
    told: Vec<Acknowledged>,
    turned_away: u64,
}

impl Trial {
    async fn start(binary: &Path, disk: &FaultyDisk) -> Result<Self> {
        let sluice = disk.under(Setup::new(binary)).start().await?;
        let key = sluice.full_key().await?;
        Ok(Self { sluice, key, next: 0, told: Vec::new(), turned_away: 0 })
    }

    /// Sends `count` events at once; whether all were accepted.
    async fn send(&mut self, count: u64) -> Result<bool> {
        let address = self.sluice.address()?;
        let mut sending = tokio::task::JoinSet::new();
        for number in self.next..self.next + count {
            let body = json!({
                "eventType": PLAIN,
                "source": "bench",
                "eventId": event_id(number),
                "payload": { "number": number, "note": "x".repeat(600) },
            });
            let request = Request::post("/api/webhooks/ingest").key(&self.key).json(&body);
            sending.spawn(async move { (number, send(address, &request).await) });
        }
        self.next += count;
        let before = self.turned_away;
        while let Some(joined) = sending.join_next().await {
            let (number, answer) = joined?;
            let answer = answer?;
            match answer.status {
                202 => {
                    let id = answer.json()?["id"].as_str().context("202 without an id")?.to_owned();
                    self.told.push(Acknowledged { number, id });
                }
                503 if answer.header("retry-after").is_some() => self.turned_away += 1,
                status => bail!("answered {status} {:?}: {}", answer.headers, answer.text()),
            }
        }
        Ok(self.turned_away == before)
    }

    /// Sends until the log has said this so many times; whether it did.
    async fn send_until(&mut self, line: &str, times: usize) -> Result<bool> {
        let begin = Instant::now();
        while begin.elapsed() < 4 * RECOVERED {
            self.send(TOGETHER).await?;
            if self.sluice.printed().matches(line).count() >= times {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Sends until the disk is full.
    async fn fill_up(&mut self) -> Result<()> {
        const ROUNDS: usize = 2_000;
        for _ in 0..ROUNDS {
            if !self.send(TOGETHER).await? {
                return Ok(());
            }
        }
        bail!("the disk took {ROUNDS} rounds: {}", self.sluice.printed())
    }

    async fn reads(&self) -> Result<bool> {
        let list = self.sluice.call(Request::get("/api/v1/events?limit=5").key(&self.key)).await?;
        Ok(list.status == 200 && list.json()?["items"].as_array().is_some())
    }

    /// How long it takes until events are accepted again.
    async fn recover(&mut self) -> Result<Duration> {
        let begin = Instant::now();
        while !self.send(1).await? {
            if begin.elapsed() > 4 * RECOVERED {
                bail!("no recovery: {}", self.sluice.printed());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(begin.elapsed())
    }

    /// Whether `/readyz` comes to say so.
    async fn becomes_ready(&self, wanted: bool) -> Result<bool> {
        let begin = Instant::now();
        while begin.elapsed() < RECOVERED {
            let answer = self.sluice.call(Request::get("/readyz")).await?;
            if (answer.status == 200) == wanted {
                return Ok(true);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(false)
    }

    fn complaints(&self) -> usize {
        let printed = self.sluice.printed();
        printed.lines().filter(|line| line.contains("ERROR")).count()
    }

    /// SIGKILL, then what a new server finds.
    async fn conclude(mut self) -> Result<(ledger::Verdict, bool)> {
        self.sluice.kill().await?;
        self.sluice.start().await?;
        let verdict = ledger::compare(&self.sluice, &self.key, &self.told, 0).await?;
        self.sluice.terminate(STOP_LIMIT).await?;
        let whole = integrity(&self.sluice).await? == "ok";
        Ok((verdict, whole))
    }
}

/// What the disk refuses.
#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    /// Every flush fails (EIO).
    Flushes,
    /// Those of the database fail, those of its log do not.
    DatabaseFlushes,
    /// Writes fail (ENOSPC) after so many bytes.
    Full {
        after: u64,
    },
}

/// The library, and the files through which it is told what to do and tells what was done.
struct FaultyDisk {
    folder: TempDir,
}

impl FaultyDisk {
    async fn build() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("faulty-disk-").tempdir()?;
        let disk = Self { folder };
        let source = disk.path("faulty_disk.c");
        std::fs::write(&source, include_str!("faulty_disk.c"))?;
        let library = disk.path("faulty_disk.so");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(library).arg(source).arg("-ldl");
        let built = compiler.output().await.context("this trial needs a C compiler (cc)")?;
        if !built.status.success() {
            bail!("faulty_disk.c: {}", String::from_utf8_lossy(&built.stderr));
        }
        disk.set(Fault::None)?;
        Ok(disk)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn under(&self, setup: Setup) -> Setup {
        let path = |name: &str| self.path(name).display().to_string();
        setup
            .set("LD_PRELOAD", path("faulty_disk.so"))
            .set("FAULTY_DISK_CONTROL", path("control"))
            .set("FAULTY_DISK_TRACE", path("trace"))
    }

    fn set(&self, fault: Fault) -> Result<()> {
        let (flushes, limited, left) = match fault {
            Fault::None => (0, 0, 0),
            Fault::Flushes => (1, 0, 0),
            Fault::DatabaseFlushes => (2, 0, 0),
            Fault::Full { after } => (0, 1, i64::try_from(after)?),
        };
        // The limit is switched last on and first off, so that it never meets an old count.
        let order: [(u64, i64); 4] = [(8, 0), (16, left), (0, flushes), (8, limited)];
        let mut control = std::fs::File::options();
        let control =
            control.create(true).write(true).truncate(false).open(self.path("control"))?;
        for (at, value) in order {
            control.write_all_at(&value.to_ne_bytes(), at)?;
        }
        Ok(())
    }

    fn trace(&self) -> Result<Vec<String>> {
        let text = std::fs::read_to_string(self.path("trace"))?;
        Ok(text.lines().map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::rewritten_before_believed;

    #[test]
    fn a_flush_that_is_only_tried_again_is_not_enough() {
        let judge = |lines: &[&str]| {
            let lines: Vec<String> = lines.iter().map(|&line| line.to_owned()).collect();
            rewritten_before_believed(&lines)
        };
        assert!(!judge(&["flush log refused", "flush log", "flush log"]));
        assert!(!judge(&["flush log refused", "truncate log", "flush log"]));
        assert!(judge(&["flush log refused", "flush log", "flush database", "truncate log"]));
    }
}
