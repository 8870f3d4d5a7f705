//! Ends a run by hand and settles its event, in one transaction.

use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};

use super::Progress;
use super::StoreError;
use super::settle::{advance, attempt_row};
use super::work::Work;
use crate::event::EventRow;
use crate::run::cancel::{Cancel, CancelError};
use crate::run::{RunState, RunStatus};
use crate::store::entity::{event, run};
use crate::time::Timestamp;

impl Work<'_, DatabaseTransaction> {
    pub(super) async fn cancel(
        &mut self,
        cancel: &Cancel,
    ) -> Result<Result<(), CancelError>, StoreError> {
        // Locked where several nodes write: whoever works on it sees it ended, or ended it before.
        let found = run::Entity::find_by_id(cancel.run.to_string())
            .lock_exclusive()
            .one(&self.connection)
            .await?;
        let Some(found) = found else { return Ok(Err(CancelError::Unknown(cancel.run))) };
        let status = RunStatus::stored(&found.status);
        if status.is_finished() {
            return Ok(Err(CancelError::Ended(status)));
        }
        let mut state: RunState = serde_json::from_str(&found.state).unwrap_or_default();
        let error = cancel.error(&state, self.now);
        // A lease means that somebody was at it.
        let under_way = found.lease_owner.is_some().then(|| cancel.attempt(&mut state, self.now));
        let workflow = found.workflow_id.parse().map_err(|_| StoreError::Defect)?;
        let progress = Progress {
            run: cancel.run,
            workflow,
            state: state.stored(),
            status: RunStatus::Cancelled,
            attempts: under_way.into_iter().collect(),
            error: Some(error),
            due_at: None,
            keep_lease: false,
            started_at: found.started_at.map_or(self.now, Timestamp::from_millis),
            now: self.now,
        };
        if !found.test
            && let Some(mut row) = self.event_as_noted(found.event_seq).await?
        {
            let before = row.status;
            advance(&mut row, &progress);
            self.tally.moved(before, &row);
            self.changed.retain(|noted| noted.seq != row.seq);
            self.changed.push(row);
        }
        let mut runs = self.batch();
        runs.push(&(
            progress.run,
            progress.status.as_str(),
            None::<i64>,
            None::<&str>,
            &progress.state.text,
            progress.state.attempts,
            progress.error.as_ref().map(|error| serde_json::json!(error).to_string()),
            found.started_at,
            Some(self.now.millis()),
        ));
        let mut attempts = self.batch();
        progress.attempts.iter().for_each(|one| attempts.push(&attempt_row(progress.run, one)));
        self.write(&self.statements().update_runs, runs);
        self.write(&self.statements().insert_attempts, attempts);
        let turn = progress.state.turn.as_ref();
        self.end_turns(turn.map(|turn| (progress.run, workflow, turn)));
        Ok(Ok(()))
    }

    /// The event with what this batch has changed of it already.
    async fn event_as_noted(&self, seq: i64) -> Result<Option<EventRow>, StoreError> {
        if let Some(noted) = self.changed.iter().find(|row| row.seq == seq) {
            return Ok(Some(noted.clone()));
        }
        let found = event::Entity::find().filter(event::Column::Seq.eq(seq));
        Ok(found.one(&self.connection).await?.map(EventRow::from))
    }
}
