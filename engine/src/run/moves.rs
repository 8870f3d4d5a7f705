//! The runs that begin and move, read once for everyone who watches them.
//!
//! Runs move more often than anybody could look: they are gathered for a moment, and told as they stand then.
//! Invariant: a run that has moved is told of after its last move, or who watches is told that some were missed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;

use super::read::{self, RunRow};
use crate::Engine;
use crate::event::EventRow;
use crate::pace;

const EVERY: Duration = Duration::from_millis(200);
/// The most runs told at once.
const MOST: usize = 500;
/// How many may wait to be told of; of more the newest.
const WAITING: usize = 10_000;

/// A run as it stands, with the whole row of its event, where there is one.
#[derive(Debug, Clone)]
pub struct MovedRun {
    pub run: RunRow,
    pub event: Option<EventRow>,
}

/// The runs of a moment.
#[derive(Debug, Clone)]
pub struct Moves {
    /// The oldest first.
    pub runs: Arc<[MovedRun]>,
    /// Others have moved of which nothing is told: the list has them.
    pub missed: bool,
}

/// Runs until the engine stops.
pub(crate) async fn follow(engine: Engine) {
    let mut moved = engine.live.moved_runs();
    let (mut waiting, mut missed) = (BTreeSet::new(), false);
    let mut moment = pace::every(EVERY);
    loop {
        tokio::select! {
            () = engine.stop.cancelled() => return,
            ids = moved.recv() => match ids {
                Ok(ids) => {
                    waiting.extend(ids.iter().copied());
                    while waiting.len() > WAITING {
                        waiting.pop_first();
                        missed = true;
                    }
                }
                Err(RecvError::Lagged(_)) => missed = true,
                Err(RecvError::Closed) => return,
            },
            _ = moment.tick(), if missed || !waiting.is_empty() => {
                let next = std::iter::from_fn(|| waiting.pop_first());
                let ids: Vec<_> = next.take(MOST).collect();
                let runs = read::moved(&engine, &ids).await.unwrap_or_else(|error| {
                    tracing::debug!(%error, "runs that moved could not be read");
                    missed = true;
                    Vec::new()
                });
                engine.live.tell_runs(Moves { runs: runs.into(), missed: std::mem::take(&mut missed) });
            }
        }
    }
}
