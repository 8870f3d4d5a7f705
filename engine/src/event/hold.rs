//! Legal hold: an event that nobody may remove, whatever was asked for, until somebody lets it go.
//!
//! Invariant: neither the sweep of what has been kept long enough, nor a deletion of one or many, nor an
//! erasure takes a held event. Whoever removes asks the row in the transaction that removes it.

use sea_orm::EntityTrait;

use super::EventRow;
use super::repair::{Repair, RepairError};
use crate::Engine;
use crate::id::EventId;
use crate::store::StoreError;
use crate::store::entity::event_hold;
use crate::time::Timestamp;

/// Who holds an event, since when and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    pub at: Timestamp,
    pub by: String,
    pub note: Option<String>,
}

/// Holds the event, or says anew why; `note` see [`super::note::parse`].
pub async fn hold(
    engine: &Engine,
    id: EventId,
    note: Option<String>,
) -> Result<EventRow, RepairError> {
    engine.store.writer.repair(id, Repair::Hold, note).await
}

/// Lets the event go; the audit log keeps the note.
pub async fn release(
    engine: &Engine,
    id: EventId,
    note: Option<String>,
) -> Result<EventRow, RepairError> {
    engine.store.writer.repair(id, Repair::Release, note).await
}

pub(crate) async fn of_event(engine: &Engine, seq: i64) -> Result<Option<Hold>, StoreError> {
    let found = event_hold::Entity::find_by_id(seq).one(&engine.store.read).await?;
    Ok(found.map(|model| Hold {
        at: Timestamp::from_millis(model.at),
        by: model.author,
        note: model.note,
    }))
}
