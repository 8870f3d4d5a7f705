//! The runs that begin and move, read once for everyone who watches them.
//!
//! Runs move more often than anybody could look: they are gathered for a moment, and told as they stand then.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio::time::{MissedTickBehavior, interval};

use super::read::{self, RunRow};
use crate::Engine;
use crate::event::EventRow;

const EVERY: Duration = Duration::from_millis(200);
/// The most runs told at once; of a burst the newest.
const MOST: usize = 200;

/// A run as it stands, with the whole row of its event, where there is one.
#[derive(Debug, Clone)]
pub struct MovedRun {
    pub run: RunRow,
    pub event: Option<EventRow>,
}

/// The runs of a moment, the oldest first.
pub type Moves = Arc<[MovedRun]>;

/// Runs until the engine stops.
pub(crate) async fn follow(engine: Engine) {
    let mut moved = engine.live.moved_runs();
    let mut gathered = BTreeSet::new();
    let mut every = interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = engine.stop.cancelled() => return,
            ids = moved.recv() => match ids {
                Ok(ids) => {
                    gathered.extend(ids.iter().copied());
                    while gathered.len() > MOST {
                        gathered.pop_first();
                    }
                }
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
            _ = every.tick(), if !gathered.is_empty() => {
                let ids: Vec<_> = std::mem::take(&mut gathered).into_iter().collect();
                match read::moved(&engine, &ids).await {
                    Ok(moves) => engine.live.tell_runs(moves.into()),
                    // They are in the list as well.
                    Err(error) => tracing::debug!(%error, "runs that moved could not be read"),
                }
            }
        }
    }
}
