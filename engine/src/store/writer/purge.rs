//! Removes many settled events at once, with all that belongs to them. What is held stays.

use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect,
};

use super::StoreError;
use super::work::Work;
use crate::event::{EventRow, EventStatus};
use crate::store::entity::event;

impl Work<'_, DatabaseTransaction> {
    /// How many were removed: what is not settled any more stays.
    pub(super) async fn purge(&mut self, seqs: &[i64]) -> Result<u64, StoreError> {
        let found = event::Entity::find()
            .filter(event::Column::Seq.is_in(seqs.iter().copied()))
            .lock_exclusive()
            .all(&self.connection)
            .await?;
        let rows = found.into_iter().map(EventRow::from);
        let settled = |row: &EventRow| {
            matches!(row.status, EventStatus::Processed | EventStatus::Failed)
                && !row.held
                && !self.changed.iter().any(|noted| noted.seq == row.seq)
        };
        let rows: Vec<_> = rows.filter(settled).collect();
        if rows.is_empty() {
            return Ok(0);
        }
        self.remove(&rows).await?;
        rows.iter().for_each(|row| self.tally.left(row));
        Ok(rows.len() as u64)
    }

    /// Deletes events with all that belongs to them.
    pub(super) async fn remove(&self, rows: &[EventRow]) -> Result<(), StoreError> {
        // Numbers alone: there is nothing in them to be quoted.
        let these = rows.iter().map(|row| row.seq.to_string()).collect::<Vec<_>>().join(",");
        for sql in [
            format!(
                "DELETE FROM step_attempts WHERE run_id IN
                    (SELECT id FROM runs WHERE event_seq IN ({these}))"
            ),
            format!("DELETE FROM runs WHERE event_seq IN ({these})"),
            format!("DELETE FROM event_notes WHERE event_seq IN ({these})"),
            format!("DELETE FROM event_search WHERE rowid IN ({these})"),
            format!("DELETE FROM event_holds WHERE event_seq IN ({these})"),
            format!("DELETE FROM event_bodies WHERE seq IN ({these})"),
            format!("DELETE FROM events WHERE seq IN ({these})"),
        ] {
            self.connection.execute_raw(self.statements().with(&sql, Vec::new())).await?;
        }
        Ok(())
    }
}
