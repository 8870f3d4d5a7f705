//! Trial 7: the command line writes to the database beside a busy server.
//!
//! Passes when no command fails or speaks of a busy database, every event is
//! accepted and kept, and the file is whole afterwards.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::process::Command;

use super::Report;
use crate::ledger;
use crate::load::{self, Plan};
use crate::sluice::{Setup, Sluice};

const CONNECTIONS: usize = 16;
/// Between two events of a connection: about 500 events a second in all.
const PAUSE: Duration = Duration::from_millis(30);
const STOP_LIMIT: Duration = Duration::from_secs(15);

pub async fn run(binary: &Path, length: Duration) -> Result<Report> {
    let mut sluice = Setup::new(binary).start().await?;
    let key = sluice.full_key().await?;
    let plan = Plan::new(sluice.address()?, &key, CONNECTIONS);
    let load = load::start(Plan { length, pause: PAUSE, remember: true, ..plan });
    let mut commands = Commands::default();
    let begin = Instant::now();
    while begin.elapsed() < length {
        commands.round(&sluice).await?;
    }
    let outcome = load.finish().await?;
    let (_, _, printed) = sluice.terminate(STOP_LIMIT).await?;
    let integrity = integrity(&sluice).await?;
    sluice.start().await?;
    let verdict = ledger::compare(&sluice, &key, &outcome.acknowledged, 0).await?;
    let kept = commands.kept(&sluice, &key).await?;
    let busy = commands.busy + mentions_busy(&printed);
    let refused = outcome.refusals() + outcome.broken;
    let whole = integrity == "ok";
    Ok(Report {
        trial: "7 server and command line write at once",
        holds: verdict.holds()
            && commands.failed.is_empty()
            && kept == commands.created.len()
            && busy == 0
            && refused == 0
            && whole,
        seen: format!(
            "{} events and {} keys in {:.0?}: {} lost, {} doubled, {refused} refused, {} keys \
             missing, {} commands failed {:?}, {busy} mentions of a busy database, integrity {integrity}",
            outcome.accepted,
            commands.created.len(),
            begin.elapsed(),
            verdict.lost,
            verdict.doubled,
            commands.created.len() - kept,
            commands.failed.len(),
            commands.failed.first(),
        ),
    })
}

#[derive(Debug, Default)]
struct Commands {
    created: Vec<String>,
    failed: Vec<String>,
    busy: usize,
}

impl Commands {
    /// Two commands at once, as two operators would.
    async fn round(&mut self, sluice: &Sluice) -> Result<()> {
        let number = self.created.len() + self.failed.len();
        let (left, right) = (format!("left-{number}"), format!("right-{number}"));
        let (one, two) = tokio::join!(create_key(sluice, &left), create_key(sluice, &right));
        for (name, output) in [(left, one?), (right, two?)] {
            let said = format!(
                "{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
            self.busy += mentions_busy(&said);
            if output.status.success() {
                self.created.push(name);
            } else {
                self.failed.push(said);
            }
        }
        Ok(())
    }

    /// How many of the created keys the server lists.
    async fn kept(&self, sluice: &Sluice, key: &str) -> Result<usize> {
        let listed = sluice.command(&["keys", "list", "--json"], Some(key)).await?;
        let kept = |name: &&String| listed.contains(&format!("\"{name}\""));
        Ok(self.created.iter().filter(kept).count())
    }
}

async fn create_key(sluice: &Sluice, name: &str) -> Result<std::process::Output> {
    sluice.run(&["keys", "create", "--name", name, "--permission", "ingest", "--json"], None).await
}

fn mentions_busy(text: &str) -> usize {
    let text = text.to_lowercase();
    ["database is locked", "sqlite_busy", "database is busy"]
        .iter()
        .map(|sign| text.matches(sign).count())
        .sum()
}

/// `ok`, or what is wrong with the database file of a stopped server.
pub async fn integrity(sluice: &Sluice) -> Result<String> {
    let file = sluice.database()?;
    let checked = Command::new("sqlite3").arg(&file).arg("PRAGMA integrity_check").output().await;
    match checked {
        Ok(output) => {
            let said = [output.stdout, output.stderr].concat();
            Ok(String::from_utf8_lossy(&said).trim().to_owned())
        }
        // Without Debian's sqlite3, the binary's own check has to do.
        Err(_) => sluice.command(&["doctor"], None).await.map(|_| "ok".to_owned()),
    }
}
