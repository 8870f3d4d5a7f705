//! Erasing what there is about somebody: events by their subject or by a value in their payloads, with
//! all that belongs to them, and a receipt that says so without saying about whom.
//!
//! An erasure goes through the events in small batches, takes those that fit and those that their runs
//! emitted, whether they have settled or not, and then the deliveries in quarantine and the test runs
//! that fit. Exports are streamed and stored nowhere, so there is nothing of them to erase; the audit log
//! names events by their ids and stays.
//!
//! Invariant: how far an erasure has come changes in the commit of each batch, so a crash leaves nothing
//! out; held events stay and are counted; what is looked for is stored only encrypted, and only until the
//! erasure has ended. Nothing that came after it was asked for is touched, save what erased runs emitted.

use std::fmt;

use crate::id::ErasureId;
use crate::store::StoreError;
use crate::time::Timestamp;
use crate::vault::VaultError;

pub mod criterion;
mod find;
pub mod manage;
mod path;
pub(crate) mod worker;

pub use criterion::{Criterion, InvalidCriterion};

/// `running → cleaning → finished`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Running,
    /// All is deleted; what the files of the database still hold of it is being overwritten, or will be
    /// at the next start, where the database is large.
    Cleaning,
    Finished,
    /// What it looks for cannot be read any more: the secret key file is another one.
    Stopped,
}

impl State {
    pub const ALL: [Self; 4] = [Self::Running, Self::Cleaning, Self::Finished, Self::Stopped];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Cleaning => "cleaning",
            Self::Finished => "finished",
            Self::Stopped => "stopped",
        }
    }

    pub(crate) fn stored(text: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.as_str() == text).unwrap_or(Self::Stopped)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What was, or would be, erased.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub events: i64,
    pub runs: i64,
    /// Of payloads.
    pub bytes: i64,
    /// Events that fit and stay because they are held.
    pub held: i64,
    /// Deliveries in quarantine.
    pub deliveries: i64,
}

/// An erasure, and afterwards its receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    pub id: ErasureId,
    pub created_by: String,
    pub created_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    pub state: State,
    /// `subject` or `payload`.
    pub kind: String,
    /// Where in the payload; a path is no personal value.
    pub path: Option<String>,
    /// HMAC-SHA256 of the criterion under a key of this installation: who knows the value can show that
    /// the receipt is about it, nobody can read the value from it.
    pub value_hash: String,
    /// The value, encrypted, until the erasure has ended.
    pub(crate) sealed: Option<String>,
    pub(crate) upper_seq: i64,
    pub(crate) position: i64,
    pub counts: Counts,
    /// SHA-256 over the one before and the ids of each batch, in the order in which they were erased.
    pub digest: String,
}

#[derive(Debug, thiserror::Error)]
pub enum ErasureError {
    #[error("there is no erasure {0}")]
    Unknown(ErasureId),
    #[error(transparent)]
    Criterion(#[from] InvalidCriterion),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("the erasure could not be read or written: {0}")]
    Store(#[from] StoreError),
}
