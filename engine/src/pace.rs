//! The pace of work that may wait for intake, such as the search index, or removing what is old.

use std::time::{Duration, Instant};

use tokio::time::{Interval, MissedTickBehavior};

use crate::live::Live;

/// With more events a second than this, they pour in.
const POURING: f64 = 1_000.0;
/// A fortieth of one processor is not missed.
pub(crate) const HARDLY: u32 = 39;

/// Ticks at once and then so often; what comes late puts off what comes after it.
pub(crate) fn every(pause: Duration) -> Interval {
    let mut interval = tokio::time::interval(pause);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// Follows how fast events come in.
pub(crate) struct Pace {
    since: Instant,
    /// The newest event's number then.
    seq: i64,
    /// How many times its work's length it rests as long as few events come.
    short: u32,
    /// And while they pour in.
    long: u32,
}

impl Pace {
    pub(crate) fn new(live: &Live, short: u32, long: u32) -> Self {
        Self { since: Instant::now(), seq: live.cursor().seq, short, long }
    }

    /// How long to rest after work that took `worked`.
    pub(crate) fn rest(&mut self, live: &Live, worked: Duration) -> Duration {
        let (now, seq) = (Instant::now(), live.cursor().seq);
        let came = (seq - self.seq).max(0) as f64;
        let pouring = came > POURING * now.duration_since(self.since).as_secs_f64();
        (self.since, self.seq) = (now, seq);
        worked * if pouring { self.long } else { self.short }
    }
}
