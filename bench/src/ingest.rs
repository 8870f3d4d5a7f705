//! Side by side: a bare handler and durable ingest, in one run on one machine.
//!
//! Both are child processes, loaded in turn with the same requests; rounds are
//! interleaved so that a machine that slows down slows both. Sluice stands
//! still while the bare handler is loaded, or the search index, which follows
//! when intake rests, would slow that down. Invariant: a ratio is taken from
//! medians of the same number of rounds.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;
use tokio::process::Command;

use crate::load::{self, Outcome, Plan};
use crate::process::Process;
use crate::sluice::{Setup, Sluice};

const WARM_UP: Duration = Duration::from_millis(1500);

#[derive(Clone, Debug)]
pub struct Options {
    pub seconds: u64,
    pub rounds: usize,
    pub connections: Vec<usize>,
}

/// One round against one server.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Round {
    pub per_second: f64,
    /// Milliseconds.
    pub p50: f64,
    /// Milliseconds.
    pub p99: f64,
    /// Answers other than 202 and connections that broke.
    pub errors: u64,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    pub connections: usize,
    pub bare: Round,
    pub sluice: Round,
    /// Accepted by Sluice for each answer of the bare handler.
    pub ratio: f64,
    /// Resident memory of `sluice serve` after the last round, in bytes.
    pub resident: u64,
    pub rounds: Vec<(Round, Round)>,
}

/// Runs all rounds; `say` is told what is happening.
pub async fn compare(
    binary: &Path,
    options: &Options,
    say: impl Fn(&str),
) -> Result<Vec<Comparison>> {
    let mut itself = Command::new(std::env::current_exe()?);
    itself.arg("bare");
    let bare = Process::start(itself).await.context("the bare handler")?;
    let mut comparisons = Vec::new();
    for &connections in &options.connections {
        let sluice = Setup::new(binary).start().await?;
        let key = sluice.key(&["ingest"]).await?;
        let mut sides = Sides { bare: bare.address, sluice, key, connections, next: 0 };
        say(&format!("{connections} connections: warming up"));
        sides.round(WARM_UP).await?;
        let mut rounds = Vec::new();
        for number in 1..=options.rounds {
            let round = sides.round(Duration::from_secs(options.seconds)).await?;
            say(&format!(
                "{connections} connections, round {number} of {}: {:.0}/s bare, {:.0}/s durable",
                options.rounds, round.0.per_second, round.1.per_second
            ));
            rounds.push(round);
        }
        comparisons.push(sides.summary(rounds)?);
    }
    Ok(comparisons)
}

struct Sides {
    bare: SocketAddr,
    sluice: Sluice,
    key: String,
    connections: usize,
    next: u64,
}

impl Sides {
    async fn round(&mut self, length: Duration) -> Result<(Round, Round)> {
        // What Sluice does behind intake, it does not do beside the other.
        self.sluice.process()?.pause(true)?;
        let bare = self.load(self.bare, length).await;
        self.sluice.process()?.pause(false)?;
        let bare = bare?;
        let sluice = self.load(self.sluice.address()?, length).await?;
        self.next = bare.next.max(sluice.next);
        Ok((Round::of(&bare), Round::of(&sluice)))
    }

    async fn load(&self, address: SocketAddr, length: Duration) -> Result<Outcome> {
        let plan = Plan::new(address, &self.key, self.connections);
        load::drive(Plan { length, first: self.next, ..plan }).await
    }

    fn summary(&self, rounds: Vec<(Round, Round)>) -> Result<Comparison> {
        let bare = Round::median(rounds.iter().map(|(bare, _)| bare));
        let sluice = Round::median(rounds.iter().map(|(_, sluice)| sluice));
        let (resident, _) = self.sluice.process()?.resident().unwrap_or_default();
        let ratio = sluice.per_second / bare.per_second;
        let connections = self.connections;
        Ok(Comparison { connections, bare, sluice, ratio, resident, rounds })
    }
}

impl Round {
    pub(crate) fn of(outcome: &Outcome) -> Self {
        Self {
            per_second: outcome.per_second(),
            p50: outcome.percentile(50.0),
            p99: outcome.percentile(99.0),
            errors: outcome.refusals() + outcome.broken,
        }
    }

    pub(crate) fn median<'a>(rounds: impl Iterator<Item = &'a Self> + Clone) -> Self {
        let middle = |value: fn(&Self) -> f64| median(rounds.clone().map(value).collect());
        Self {
            per_second: middle(|round| round.per_second),
            p50: middle(|round| round.p50),
            p99: middle(|round| round.p99),
            errors: rounds.clone().map(|round| round.errors).sum(),
        }
    }
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// The comparisons as a table for people.
pub fn table(comparisons: &[Comparison]) -> String {
    let mut table = String::from(
        "connections    bare/s  durable/s  ratio   bare p50/p99 ms   durable p50/p99 ms  errors   RSS MiB\n",
    );
    for c in comparisons {
        table.push_str(&format!(
            "{:>11} {:>9.0} {:>10.0} {:>6.2} {:>9.2} {:>7.2} {:>12.2} {:>7.2} {:>7} {:>9.0}\n",
            c.connections,
            c.bare.per_second,
            c.sluice.per_second,
            c.ratio,
            c.bare.p50,
            c.bare.p99,
            c.sluice.p50,
            c.sluice.p99,
            c.bare.errors + c.sluice.errors,
            c.resident as f64 / 1_048_576.0,
        ));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_stands_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]).total_cmp(&2.0), std::cmp::Ordering::Equal);
        assert_eq!(median(vec![4.0, 1.0]).total_cmp(&2.5), std::cmp::Ordering::Equal);
    }
}
