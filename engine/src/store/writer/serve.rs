//! The writer at work: it takes what has queued up, commits it and passes it to the desk.

use std::io;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures::FutureExt;
use prometheus_client::metrics::histogram::Histogram;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

use super::answer::{self, Counter, Desk};
use super::lane::{Lane, Outcomes};
use super::{Chore, Command, Reply, StoreError};

/// How many writes one transaction takes at most.
const BATCH: usize = 1_024;
/// How much of it at most, in bytes: what a transaction writes stays in memory until it is whole.
const LARGEST: usize = 32 * 1024 * 1024;
/// How long a batch with the work of runs in it waits for more of that, as long as more keeps coming,
/// and how often it looks.
const MOMENT: Duration = Duration::from_millis(1);
const GLANCE: Duration = Duration::from_micros(50);
/// Longer than requests need the processor for, and shorter than one turn of whoever computes.
const WAY: Duration = Duration::from_millis(2);
const KEEPS: u32 = 64;

/// Begins to serve, on a thread for the writer and one for the desk.
///
/// Without the desk everything would be stored and everybody told that it is not: a defect there ends the
/// process, which loses nothing.
pub(super) fn start(
    lane: Lane,
    commands: mpsc::Receiver<Command>,
    counter: Counter,
    desk: Desk,
    commits: Histogram,
) -> io::Result<()> {
    let runtime = runtime_for(&lane)?;
    on_a_thread_of_its_own("writer", move || {
        runtime.block_on(serve(lane, commands, counter, commits));
    })?;
    let runtime = Builder::new_current_thread().build()?;
    on_a_thread_of_its_own("desk", move || {
        let served = std::panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(desk.serve())));
        if served.is_err() {
            tracing::error!("a defect keeps senders from being answered: start Sluice again");
            std::process::abort();
        }
    })
}

/// Among the tasks of a busy runtime each step of a commit would wait for its turn, and what waits for
/// the disk would hold them up. It ends by itself when the last handle is gone.
fn on_a_thread_of_its_own(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new().name(name.into()).spawn(work).map(drop)
}

/// With sockets only for the database that has some: to wake a thread that watches them costs more.
fn runtime_for(lane: &Lane) -> io::Result<Runtime> {
    let mut builder = Builder::new_current_thread();
    builder.enable_time();
    if lane.direct.is_none() {
        builder.enable_io();
    }
    builder.build()
}

/// Natural batching: while one transaction is being committed, the next one's writes queue up.
async fn serve(
    mut lane: Lane,
    mut commands: mpsc::Receiver<Command>,
    counter: Counter,
    commits: Histogram,
) {
    let (mut down, mut gathering) = (false, Gathering::default());
    loop {
        let mut batch = Vec::new();
        if commands.recv_many(&mut batch, BATCH).await == 0 {
            return;
        }
        gathering.gather(&mut commands, &mut batch);
        for (chore, reply) in chores(&mut batch) {
            let done = match chore {
                Chore::EmptyLog => lane.empty_log().await,
                Chore::Rewrite => lane.rewrite().await,
                Chore::GiveBack(pages) => lane.give_back(pages).await,
            };
            // A sender that no longer waits needs no answer.
            let _gone = reply.send(done).is_err();
        }
        for batch in lane.apart(batch).flat_map(|batch| bounded(batch, LARGEST)) {
            down = store(&mut lane, batch, &counter, &commits, down).await;
        }
    }
}

/// What joins a batch before it is committed, for a commit costs the processor nearly the same for one
/// command as for dozens.
#[derive(Default)]
struct Gathering {
    /// How many commands the last batch had.
    before: usize,
    /// For how many batches the processor is not given away.
    keeps: u32,
}

impl Gathering {
    /// One that was alone and is alone again waits for nobody.
    fn gather(&mut self, commands: &mut mpsc::Receiver<Command>, batch: &mut Vec<Command>) {
        let several = batch.len().max(self.before) > 1;
        match batch.iter().any(|command| matches!(command, Command::Record(..))) {
            true if several => wait(commands, batch),
            false if several && self.keeps == 0 => self.keeps = give_way(commands, batch),
            _ => self.keeps = self.keeps.saturating_sub(1),
        }
        self.before = batch.len();
    }
}

/// Nobody waits for the work of a run but the run itself.
fn wait(commands: &mut mpsc::Receiver<Command>, batch: &mut Vec<Command>) {
    let begun = Instant::now();
    while batch.len() < BATCH && begun.elapsed() < MOMENT {
        // This thread is the writer's own.
        std::thread::sleep(GLANCE);
        if !join(commands, batch) {
            return;
        }
    }
}

/// Senders wait for their events, so nothing is waited for: but whoever wants this processor goes first,
/// once, and may bring more. Says for how many batches not to do so again, for whoever keeps it long is
/// no request of Sluice's, and brings nothing.
fn give_way(commands: &mut mpsc::Receiver<Command>, batch: &mut Vec<Command>) -> u32 {
    let begun = Instant::now();
    std::thread::yield_now();
    join(commands, batch);
    if begun.elapsed() > WAY { KEEPS } else { 0 }
}

/// Takes what has come meanwhile; says whether that was something.
fn join(commands: &mut mpsc::Receiver<Command>, batch: &mut Vec<Command>) -> bool {
    let found = batch.len();
    batch.extend(std::iter::from_fn(|| commands.try_recv().ok()).take(BATCH - found));
    batch.len() > found
}

/// The batch in its order, in as many parts as make none larger than `most`. Pure.
fn bounded(batch: Vec<Command>, most: usize) -> Vec<Vec<Command>> {
    // Nearly always: then none of them is moved.
    if batch.iter().map(Command::size).sum::<usize>() <= most {
        return vec![batch];
    }
    let (mut parts, mut size) = (vec![Vec::new()], 0);
    for command in batch {
        size += command.size();
        match parts.last_mut() {
            Some(part) if size <= most || part.is_empty() => part.push(command),
            _ => {
                size = command.size();
                parts.push(vec![command]);
            }
        }
    }
    parts
}

/// Commits the batch and passes it to the desk; says whether the database takes no writes.
async fn store(
    lane: &mut Lane,
    batch: Vec<Command>,
    counter: &Counter,
    commits: &Histogram,
    down: bool,
) -> bool {
    let begun = Instant::now();
    match commit(lane, &batch).await {
        Ok(outcomes) => {
            commits.observe(begun.elapsed().as_secs_f64());
            if down {
                tracing::info!("the database takes writes again");
            }
            counter.pass(batch, outcomes).await;
            lane.tidy().await;
            false
        }
        Err(error) if error.is_unavailable() => {
            if !down {
                tracing::error!(%error, "writes are refused until the database takes them again");
            }
            answer::fail(batch, error);
            true
        }
        // One of the commands is at fault: find it by committing each alone.
        Err(_) => {
            for command in batch {
                let alone = vec![command];
                match commit(lane, &alone).await {
                    Ok(outcomes) => counter.pass(alone, outcomes).await,
                    Err(error) => answer::fail(alone, error),
                }
            }
            down
        }
    }
}

/// Takes out what is no transaction.
fn chores(batch: &mut Vec<Command>) -> Vec<(Chore, Reply<()>)> {
    if !batch.iter().any(|command| matches!(command, Command::Files(..))) {
        return Vec::new();
    }
    let (mut rest, mut found) = (Vec::with_capacity(batch.len()), Vec::new());
    for command in batch.drain(..) {
        match command {
            Command::Files(chore, reply) => found.push((chore, reply)),
            other => rest.push(other),
        }
    }
    *batch = rest;
    found
}

/// A panic costs the command that caused it, not the writer.
async fn commit(lane: &mut Lane, batch: &[Command]) -> Result<Outcomes, StoreError> {
    let committed = AssertUnwindSafe(lane.commit(batch)).catch_unwind().await;
    committed.unwrap_or_else(|_| {
        tracing::error!(commands = batch.len(), "a defect kept writes from being stored");
        Err(StoreError::Defect)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(commands: usize) -> Vec<Command> {
        std::iter::repeat_with(|| Command::TouchKeys(Vec::new())).take(commands).collect()
    }

    /// How many are committed together when so many wait, after the first `taken` of them were.
    fn gathered(before: usize, taken: usize, waiting: usize) -> usize {
        let (queue, mut commands) = mpsc::channel(BATCH * 2);
        for command in some(waiting) {
            queue.try_send(command).unwrap();
        }
        let mut batch = some(taken);
        Gathering { before, keeps: 0 }.gather(&mut commands, &mut batch);
        batch.len()
    }

    #[test]
    fn what_came_meanwhile_joins_up_to_a_whole_batch() {
        assert_eq!(gathered(0, 2, 3), 5);
        assert_eq!(gathered(0, 2, BATCH), BATCH);
    }

    #[test]
    fn whoever_was_alone_and_is_again_waits_for_nobody() {
        assert_eq!(gathered(1, 1, 1), 1);
        assert_eq!(gathered(2, 1, 1), 2);
    }

    #[test]
    fn a_processor_that_was_kept_long_is_not_given_away_for_a_while() {
        let (queue, mut commands) = mpsc::channel(8);
        let mut gathering = Gathering { before: 2, keeps: 1 };
        queue.try_send(Command::TouchKeys(Vec::new())).unwrap();
        let mut batch = some(2);
        gathering.gather(&mut commands, &mut batch);
        assert_eq!(batch.len(), 2, "kept");
        gathering.gather(&mut commands, &mut batch);
        assert_eq!(batch.len(), 3, "given away again");
    }
}
