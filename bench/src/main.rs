//! `bench`: figures and fault trials against a built `sluice`.
//!
//! `cargo xtask bench …` builds the release binary and hands its arguments on.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use bench::trials::{self, Report};
use bench::{doors, ingest, lists, purge, sluice, variants, workflows};
use clap::{Args, Parser, Subcommand};
use futures::future::LocalBoxFuture;

/// A restart after a crash is to serve again within this.
const READY: Duration = Duration::from_secs(1);

/// Sluice allocates with it too: the yardstick must not lose for want of it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures and maltreats a Sluice binary (SLUICE_BIN, or target/release/sluice).
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Durable ingest beside a bare handler that stores nothing
    Ingest(IngestArguments),
    /// Plain ingest beside the same with many keys and triggers, idempotency keys, or batches
    Variant(VariantArguments),
    /// A page of the list, by each filter, with few events beside many
    List {
        #[arg(long, default_value_t = 10_000)]
        few: u64,
        #[arg(long, default_value_t = 10_000_000)]
        many: u64,
        /// Walks of five pages for each filter
        #[arg(long, default_value_t = 40)]
        walks: usize,
    },
    /// Ingest beside the same while a limit removes many events
    Purge(PurgeArguments),
    /// SIGKILL under load: nothing acknowledged is lost, nothing doubled
    Kill(KillArguments),
    /// Backups under load, each put back and compared with what was promised
    Backup {
        #[arg(long, default_value_t = 100)]
        times: usize,
    },
    /// SIGKILLs in the middle of runs whose receiver fails, hangs and repeats
    Flaky(FlakyArguments),
    /// How soon steps begin, how many runs come to their end, and what waiting ones weigh
    Workflows(WorkflowArguments),
    /// Every fault trial, in full count
    Faults(FaultArguments),
    /// The bare handler alone; `ingest` starts it by itself
    #[command(hide = true)]
    Bare,
}

#[derive(Args)]
struct IngestArguments {
    /// Length of a round
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Rounds of each side, interleaved
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    #[arg(long, value_delimiter = ',', default_values_t = [64, 256])]
    connections: Vec<usize>,
    /// Write the figures to this file as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Args)]
struct VariantArguments {
    #[command(flatten)]
    changed: Changed,
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Length of a round
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Rounds of each side, interleaved
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Changed {
    /// So many keys in use, and so many triggers that do not match
    #[arg(long, value_name = "N")]
    crowd: Option<usize>,
    /// An idempotency key with every request
    #[arg(long)]
    idempotency: bool,
    /// So many events in one request
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=1000))]
    batch: Option<u64>,
    /// So many who watch the stream
    #[arg(long, value_name = "N")]
    watchers: Option<usize>,
}

impl From<Changed> for variants::Variant {
    fn from(changed: Changed) -> Self {
        match changed {
            Changed { crowd: Some(size), .. } => Self::Crowd(size),
            Changed { batch: Some(events), .. } => Self::Batch(events),
            Changed { watchers: Some(count), .. } => Self::Watchers(count),
            Changed { .. } => Self::Idempotency,
        }
    }
}

#[derive(Args)]
struct PurgeArguments {
    /// How many events are removed
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Length of a round
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Rounds before, and as many after
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

#[derive(Args)]
struct KillArguments {
    #[arg(long, default_value_t = 1000)]
    times: usize,
    #[arg(long, default_value_t = 256)]
    connections: usize,
    /// Every nth event starts a workflow run
    #[arg(long, default_value_t = 16)]
    matched_every: u64,
    /// Events with a waiting run in the database before the first kill
    #[arg(long, default_value_t = 0)]
    pending: u64,
}

#[derive(Args)]
struct FlakyArguments {
    #[arg(long, default_value_t = 50)]
    kills: usize,
    #[arg(long, default_value_t = 5_000)]
    events: usize,
    /// Decides when the kills fall and how the receiver answers
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Args)]
struct WorkflowArguments {
    /// Events a second whose step's beginning is measured
    #[arg(long, default_value_t = 200)]
    rate: u64,
    /// Length of each measurement
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Runs that wait in a delay
    #[arg(long, default_value_t = 100_000)]
    waiting: u64,
}

#[derive(Args)]
struct FaultArguments {
    /// Only these trials, by their numbers
    #[arg(long, value_name = "N", value_delimiter = ',')]
    only: Vec<u8>,
    /// Trial 1: how many kills
    #[arg(long, default_value_t = 1000)]
    kills: usize,
    /// Trial 4: how many senders are turned away while no flush succeeds
    #[arg(long, default_value_t = 1000)]
    unflushed: u64,
    /// Trial 5: how many times the disk is full
    #[arg(long, default_value_t = 1000)]
    full: u64,
    /// Trial 6: how long the log is watched beside readers without an end
    #[arg(long, default_value_t = 3600)]
    reader_seconds: u64,
    /// Trial 7: how long the server and the command line write at once
    #[arg(long, default_value_t = 600)]
    neighbour_seconds: u64,
    /// Trial 21: how many requests, of which one in five is cancelled
    #[arg(long, default_value_t = 10_000)]
    requests: usize,
    /// Trial 25: how many callers
    #[arg(long, default_value_t = 10_000_000)]
    callers: u64,
    /// Trial 32: how many forged deliveries
    #[arg(long, default_value_t = 10_000_000)]
    forgeries: u64,
    /// Trial 27: how many starts are killed, and how many find their port taken
    #[arg(long, default_value_t = 1000)]
    starts: usize,
    /// Trial 28: how many backups under load
    #[arg(long, default_value_t = 100)]
    backups: usize,
    /// Trial 34: how many times 16 of each kind of bomb and flood
    #[arg(long, default_value_t = 10)]
    bombs: usize,
    /// Trials 13 to 15: events for a host that does harm
    #[arg(long, default_value_t = 1_000_000)]
    harmful: usize,
    /// Trial 16: how many attempts of one run
    #[arg(long, default_value_t = 100_000)]
    attempts: u64,
    /// Trial 29: how many addresses at home are called
    #[arg(long, default_value_t = 100_000)]
    urls: usize,
    /// Trial 22: open streams
    #[arg(long, default_value_t = 1000)]
    streams: usize,
    /// Trial 22: senders
    #[arg(long, default_value_t = 200)]
    senders: usize,
    /// Trial 23: sockets that never finish a request (mind `ulimit -n`)
    #[arg(long, default_value_t = 8000)]
    sockets: usize,
    /// Trial 24: streams that nobody reads
    #[arg(long, default_value_t = 1000)]
    unread: usize,
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Bare => bench::bare::announce_and_serve().await.map(|()| true),
        Command::Ingest(arguments) => measure(arguments).await.map(|()| true),
        Command::Variant(arguments) => vary(arguments).await.map(|()| true),
        Command::List { few, many, walks } => {
            list(lists::Options { few, many, walks }).await.map(|()| true)
        }
        Command::Purge(arguments) => sweep_up(arguments).await.map(|()| true),
        Command::Kill(arguments) => kill(arguments.into()).await,
        Command::Backup { times } => back_up(times).await,
        Command::Flaky(arguments) => flaky(arguments.into()).await,
        Command::Workflows(arguments) => weigh(arguments).await.map(|()| true),
        Command::Faults(arguments) => faults(&arguments).await,
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(arguments: IngestArguments) -> Result<()> {
    let IngestArguments { seconds, rounds, connections, json } = arguments;
    let options = ingest::Options { seconds, rounds, connections };
    let comparisons = ingest::compare(&sluice::binary()?, &options, progress).await?;
    say(&ingest::table(&comparisons));
    if let Some(file) = json {
        let text = serde_json::to_string_pretty(&comparisons)?;
        std::fs::write(&file, text)
            .with_context(|| format!("could not write {}", file.display()))?;
    }
    Ok(())
}

async fn list(options: lists::Options) -> Result<()> {
    let lines = lists::compare(&sluice::binary()?, options, progress).await?;
    say(&lists::table(options, &lines)?);
    Ok(())
}

async fn sweep_up(arguments: PurgeArguments) -> Result<()> {
    let PurgeArguments { events, connections, seconds, rounds } = arguments;
    let options = purge::Options { events, connections, seconds, rounds };
    let figures = purge::measure(&sluice::binary()?, options, progress).await?;
    say(&purge::table(&figures)?);
    Ok(())
}

async fn vary(arguments: VariantArguments) -> Result<()> {
    let VariantArguments { changed, connections, seconds, rounds } = arguments;
    let options = variants::Options { variant: changed.into(), connections, seconds, rounds };
    let comparison = variants::compare(&sluice::binary()?, options, progress).await?;
    say(&variants::table(options, &comparison)?);
    Ok(())
}

impl From<KillArguments> for trials::kill::Options {
    fn from(arguments: KillArguments) -> Self {
        let KillArguments { times, connections, matched_every, pending } = arguments;
        Self { times, connections, matched_every, pending, ready: READY }
    }
}

async fn kill(options: trials::kill::Options) -> Result<bool> {
    let report = trials::kill::run(&sluice::binary()?, options, progress).await?;
    Ok(conclude(&report))
}

async fn back_up(times: usize) -> Result<bool> {
    Ok(conclude(&trials::backup::run(&sluice::binary()?, times, progress).await?))
}

impl From<FlakyArguments> for trials::flaky::Options {
    fn from(FlakyArguments { kills, events, seed }: FlakyArguments) -> Self {
        Self { kills, events, seed }
    }
}

async fn flaky(options: trials::flaky::Options) -> Result<bool> {
    Ok(conclude(&trials::flaky::run(&sluice::binary()?, options, progress).await?))
}

async fn weigh(arguments: WorkflowArguments) -> Result<()> {
    let WorkflowArguments { rate, seconds, connections, waiting } = arguments;
    let options = workflows::Options { rate, seconds, connections, waiting };
    let figures = workflows::measure(&sluice::binary()?, options, progress).await?;
    say(&workflows::table(options, &figures));
    Ok(())
}

async fn faults(given: &FaultArguments) -> Result<bool> {
    let binary = &sluice::binary()?;
    let stop = trials::stop::Options { streams: given.streams, senders: given.senders };
    let silent = trials::silent::Options::full(given.sockets);
    let unread = trials::unread::Options { readers: given.unread, length: Duration::from_secs(10) };
    let bombs = trials::bombs::Options { times: given.bombs, together: 16 };
    let forged = trials::forged::Options { forgeries: given.forgeries, timed: 200_000 };
    let outgoing = trials::outgoing::Options { harmful: given.harmful, healthy: 2_000, slack: 1.0 };
    let few = trials::outgoing::Options { harmful: given.harmful.min(1_000), ..outgoing };
    let readers = Duration::from_secs(given.reader_seconds);
    let neighbours = Duration::from_secs(given.neighbour_seconds);
    let (connections, matched_every, pending) = (256, 16, 0);
    let kills = KillArguments { times: given.kills, connections, matched_every, pending };

    // None begins before its turn.
    let trials: Vec<(u8, LocalBoxFuture<'_, Result<Report>>)> = vec![
        (31, Box::pin(closed_doors(binary))),
        (22, Box::pin(trials::stop::run(binary, stop))),
        (23, Box::pin(trials::silent::run(binary, silent))),
        (24, Box::pin(trials::unread::run(binary, unread))),
        (21, Box::pin(trials::cancelled::run(binary, given.requests))),
        (25, Box::pin(trials::callers::run(binary, given.callers))),
        (32, Box::pin(trials::forged::run(binary, forged))),
        (34, Box::pin(trials::bombs::run(binary, bombs))),
        (27, Box::pin(trials::starts::run(binary, given.starts))),
        (28, Box::pin(trials::backup::run(binary, given.backups, progress))),
        (4, Box::pin(trials::disk::no_flush(binary, given.unflushed))),
        (5, Box::pin(trials::disk::full(binary, given.full))),
        (29, Box::pin(trials::targets::run(binary, given.urls))),
        (13, Box::pin(trials::outgoing::poison(binary, few))),
        (14, Box::pin(trials::outgoing::returns(binary, outgoing))),
        (15, Box::pin(trials::outgoing::stalled(binary, outgoing))),
        (16, Box::pin(trials::attempts::run(binary, given.attempts))),
        (7, Box::pin(trials::neighbours::run(binary, neighbours))),
        (1, Box::pin(trials::kill::run(binary, kills.into(), progress))),
        (6, Box::pin(trials::readers::run(binary, readers))),
    ];
    let all = given.only.is_empty();
    let mut holds = true;
    for (number, trial) in trials {
        if all || given.only.contains(&number) {
            holds &= conclude(&trial.await?);
        }
    }
    if all {
        holds &= flaky(trials::flaky::Options { kills: 50, events: 5_000, seed: 1 }).await?;
    }
    Ok(holds)
}

async fn closed_doors(binary: &std::path::Path) -> Result<Report> {
    let sluice = sluice::Setup::new(binary).start().await?;
    let mut open = doors::open_to_strangers(&sluice).await;
    for (permission, has) in [("ingest", doors::Needs::Ingest), ("read", doors::Needs::Read)] {
        let key = sluice.key(&[permission]).await?;
        open.extend(doors::open_to(&sluice, &key, has).await);
    }
    let cookie = sluice.sign_in().await?;
    open.extend(doors::open_to_other_sites(&sluice, &cookie).await);
    let tried = doors::ROUTES.len() + doors::PAGES.len() + doors::FORGED.len();
    let seen = format!("{tried} routes and pages, {} open {open:?}", open.len());
    Ok(Report { trial: "31 closed doors", holds: open.is_empty(), seen })
}

fn conclude(report: &Report) -> bool {
    say(&report.to_string());
    report.holds
}

fn progress(text: &str) {
    eprintln!("{text}");
}

#[expect(clippy::print_stdout, reason = "the result of a command")]
fn say(text: &str) {
    println!("{text}");
}
