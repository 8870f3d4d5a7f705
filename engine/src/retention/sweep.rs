//! Removing what has been kept long enough, in small batches with rests between them, so that nobody
//! who writes waits for long.

use std::time::{Duration, Instant};

use super::going::{self, Which};
use super::limit::{self, Limit};
use super::{count, forget, list};
use crate::Engine;
use crate::pace::{self, Pace};
use crate::store::StoreError;

const EVERY: Duration = Duration::from_secs(60);
/// How many events one transaction removes.
const BATCH: i64 = 500;
/// How many times its work's length a sweep rests while events pour in: they lose less than a tenth by it.
const LONG: u32 = 14;
/// A sweep that lasts longer removes less than comes in, and rests no longer than it works.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Runs until the engine stops.
pub(crate) async fn keep_sweeping(engine: Engine) {
    let mut tick = pace::every(EVERY);
    loop {
        tokio::select! {
            () = engine.stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        tokio::select! {
            () = engine.stop.cancelled() => return,
            swept = sweep(&engine) => match swept {
                Ok(0) => {}
                Ok(events) => tracing::info!(events, "events were removed that had been kept long enough"),
                Err(error) => tracing::warn!(%error, "events that have been kept long enough stay"),
            }
        }
        tokio::select! {
            () = engine.stop.cancelled() => return,
            forgotten = forget::forget(&engine) => match forgotten {
                Ok(0) => {}
                Ok(rows) => tracing::debug!(rows, "figures, audit entries and alerts were removed that had been kept long enough"),
                Err(error) => tracing::warn!(%error, "old figures, audit entries and alerts stay"),
            }
        }
        tokio::select! {
            () = engine.stop.cancelled() => return,
            shrunk = engine.store.shrink() => match shrunk {
                Ok(0) => {}
                Ok(pages) => tracing::info!(pages, "space that was free in the database was given back"),
                Err(error) => tracing::debug!(%error, "free space could not be given back"),
            },
        }
    }
}

/// Removes all that is due now; how many events that were.
pub async fn sweep(engine: &Engine) -> Result<u64, StoreError> {
    let rules = list(engine).await?;
    let mut rests = Rests::new(engine);
    let mut removed = 0;
    for rule in &rules {
        let Some(which) = Which::of(engine, rule, &rules).await? else { continue };
        let mut after = 0;
        loop {
            let begun = Instant::now();
            let seqs = which.next(engine, after, BATCH).await?;
            let Some(last) = seqs.last().copied() else { break };
            after = last;
            removed += engine.store.writer.purge(seqs).await?;
            rests.after(engine, begun.elapsed()).await;
        }
    }
    count::anew(engine).await?;
    // Those of a source first: what they leave may be little enough.
    let (of_sources, of_all): (Vec<_>, Vec<_>) =
        limit::list(engine).await?.into_iter().partition(|it| it.limit.source.is_some());
    for standing in of_sources.into_iter().chain(of_all) {
        removed += keep_below(engine, standing.limit, &mut rests).await?;
    }
    Ok(removed)
}

/// Removes the oldest settled events until no more is kept than the limit says.
async fn keep_below(engine: &Engine, limit: Limit, rests: &mut Rests) -> Result<u64, StoreError> {
    let (mut removed, mut after) = (0, 0);
    loop {
        let begun = Instant::now();
        let standing = limit::list(engine).await?.into_iter().find(|it| it.limit == limit);
        let excess = standing.map_or(0, |it| it.bytes.saturating_sub(limit.max_bytes));
        if excess == 0 {
            return Ok(removed);
        }
        let rows = going::oldest(engine, &limit, after, excess, BATCH).await?;
        let seqs: Vec<i64> = rows.into_iter().map(|row| row.seq).collect();
        // All that is left is held.
        let Some(last) = seqs.last().copied() else { return Ok(removed) };
        removed += engine.store.writer.purge(seqs).await?;
        after = last;
        rests.after(engine, begun.elapsed()).await;
    }
}

/// The rests of one sweep.
struct Rests {
    begun: Instant,
    pace: Pace,
}

impl Rests {
    fn new(engine: &Engine) -> Self {
        // As long as the work took: half of the writer's time is everybody else's.
        Self { begun: Instant::now(), pace: Pace::new(&engine.live, 1, LONG) }
    }

    async fn after(&mut self, engine: &Engine, worked: Duration) {
        let rest = self.pace.rest(&engine.live, worked);
        let is_behind = self.begun.elapsed() > PATIENCE;
        tokio::time::sleep(if is_behind { worked } else { rest }).await;
    }
}
