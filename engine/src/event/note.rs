//! What people note about an event when they take it as dealt with.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::Engine;
use crate::store::StoreError;
use crate::store::entity::event_note;
use crate::time::Timestamp;

/// The longest note, in bytes.
pub const LONGEST: usize = 2_000;

/// Who noted what, and when.
#[derive(Debug, Clone)]
pub struct EventNote {
    pub at: Timestamp,
    pub author: String,
    pub note: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a note has at most {LONGEST} bytes and no control characters but line ends and tabs")]
pub struct InvalidNote;

/// The note in what somebody typed; nothing but white space is no note.
pub fn parse(text: &str) -> Result<Option<String>, InvalidNote> {
    let text = text.trim();
    let strange = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    match text {
        "" => Ok(None),
        text if text.len() > LONGEST || text.chars().any(strange) => Err(InvalidNote),
        text => Ok(Some(text.to_owned())),
    }
}

/// The notes of an event, the oldest first.
pub async fn of_event(engine: &Engine, event_seq: i64) -> Result<Vec<EventNote>, StoreError> {
    let query = event_note::Entity::find().filter(event_note::Column::EventSeq.eq(event_seq));
    let found = query.order_by_asc(event_note::Column::Id).all(&engine.store.read).await?;
    let note = |model: event_note::Model| EventNote {
        at: Timestamp::from_millis(model.at),
        author: model.author,
        note: model.note,
    };
    Ok(found.into_iter().map(note).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_what_is_left_without_the_space_around_it() {
        assert_eq!(parse(" paid by\nphone "), Ok(Some("paid by\nphone".into())));
        assert_eq!(parse(" \n "), Ok(None));
        assert_eq!(parse("a\0b"), Err(InvalidNote));
        assert_eq!(parse(&"x".repeat(LONGEST + 1)), Err(InvalidNote));
    }
}
