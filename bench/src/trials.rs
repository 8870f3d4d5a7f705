//! The fault trials: each does harm on purpose and says what was seen.
//!
//! Invariant: a trial fails by its verdict, not by an error; an error means
//! that it could not be carried out.

pub mod attempts;
pub mod backup;
pub mod bombs;
pub mod callers;
pub mod cancelled;
pub mod disk;
pub mod flaky;
pub mod forged;
pub mod kill;
pub mod neighbours;
pub mod outgoing;
pub mod readers;
pub mod silent;
pub mod starts;
pub mod stop;
pub mod targets;
pub mod unread;

use std::fmt;

/// What a trial saw, and whether that is good enough.
#[derive(Clone, Debug)]
pub struct Report {
    pub trial: &'static str,
    pub holds: bool,
    pub seen: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.holds { "holds" } else { "FALLS SHORT" };
        write!(f, "{}: {verdict}: {}", self.trial, self.seen)
    }
}
