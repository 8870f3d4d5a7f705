//! What people may do about an event that has settled: retry, mark, hold, delete.

use super::{EventRow, EventStatus};
use crate::Engine;
use crate::id::EventId;
use crate::store::StoreError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// Queue the failed runs again, each from the step that failed.
    Retry,
    MarkProcessed,
    MarkFailed,
    /// Remove the event with its body, runs and journal.
    Delete,
    /// Keep it from being removed; see [`super::hold`].
    Hold,
    Release,
}

#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    #[error("there is no event {0}")]
    Unknown(EventId),
    #[error("the event is {0}: only a failed event can be retried; replay it to send it again")]
    NotFailed(EventStatus),
    #[error("the event is {0}: wait until its runs have ended")]
    NotSettled(EventStatus),
    #[error("the event is held: release it first, once nobody needs it kept")]
    Held,
    #[error("the event is not held")]
    NotHeld,
    #[error("the event could not be changed: {0}")]
    Store(#[from] StoreError),
}

impl Repair {
    /// What the audit log calls it.
    pub(crate) fn action(self) -> &'static str {
        match self {
            Self::Retry => "event.retried",
            Self::MarkProcessed => "event.marked_processed",
            Self::MarkFailed => "event.marked_failed",
            Self::Delete => "event.deleted",
            Self::Hold => "event.held",
            Self::Release => "event.released",
        }
    }

    /// Whether this can be done to the event as it stands. Pure.
    pub(crate) fn check(self, row: &EventRow) -> Result<(), RepairError> {
        match (self, row.status) {
            (Self::Hold, _) => Ok(()),
            (Self::Release, _) if !row.held => Err(RepairError::NotHeld),
            (Self::Release, _) => Ok(()),
            (Self::Delete, _) if row.held => Err(RepairError::Held),
            (Self::Retry, EventStatus::Failed) => Ok(()),
            (Self::Retry, other) => Err(RepairError::NotFailed(other)),
            (_, status @ (EventStatus::Pending | EventStatus::Processing)) => {
                Err(RepairError::NotSettled(status))
            }
            (Self::MarkProcessed | Self::MarkFailed | Self::Delete, _) => Ok(()),
        }
    }
}

/// Does `repair` to the event, in one transaction with its runs and counters.
pub async fn repair(engine: &Engine, id: EventId, repair: Repair) -> Result<EventRow, RepairError> {
    engine.store.writer.repair(id, repair, None).await
}

/// The same with what is to be noted about the event, see [`super::note::parse`].
pub async fn repair_noting(
    engine: &Engine,
    id: EventId,
    repair: Repair,
    note: Option<String>,
) -> Result<EventRow, RepairError> {
    engine.store.writer.repair(id, repair, note).await
}
