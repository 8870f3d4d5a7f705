//! Writes what people decide about a settled event: retry it, or call it processed or failed.

use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, QueryFilter,
    Value,
};

use super::work::Work;
use super::{Mending, StoreError};
use crate::event::repair::{Repair, RepairError};
use crate::event::{EventError, EventRow, EventStatus};
use crate::id::{EventId, NoteId};
use crate::run::{RunState, RunStatus, machine};
use crate::store::entity::run;
use crate::time::Timestamp;

impl Work<'_, DatabaseTransaction> {
    pub(super) async fn repair(
        &mut self,
        mending: &Mending,
    ) -> Result<Result<EventRow, RepairError>, StoreError> {
        let Mending { event, repair, author, note, .. } = mending;
        let Some(row) = self.find_for_repair(*event).await? else {
            return Ok(Err(RepairError::Unknown(*event)));
        };
        if let Err(refused) = repair.check(&row) {
            return Ok(Err(refused));
        }
        if let Repair::Hold | Repair::Release = repair {
            let held = *repair == Repair::Hold;
            return Ok(Ok(self.hold(row, held, author, note.as_deref()).await?));
        }
        self.note(row.seq, note.as_deref().map(|note| (author.as_str(), note)));
        Ok(Ok(self.repair_row(row, *repair).await?))
    }

    /// The event as it stands now.
    pub(super) async fn find_for_repair(
        &self,
        id: EventId,
    ) -> Result<Option<EventRow>, StoreError> {
        // What an earlier command of this batch changed is not in the table yet.
        match self.changed.iter().find(|row| row.id == id) {
            Some(noted) => Ok(Some(noted.clone())),
            None => self.find_event(id).await,
        }
    }

    /// Keeps the event from being removed, or lets it go.
    async fn hold(
        &mut self,
        row: EventRow,
        held: bool,
        author: &str,
        note: Option<&str>,
    ) -> Result<EventRow, StoreError> {
        let seq: Value = row.seq.into();
        let forget = "DELETE FROM event_holds WHERE event_seq = $1";
        let mark = "UPDATE events SET held = $2 WHERE seq = $1";
        let mut all = vec![(forget, vec![seq.clone()]), (mark, vec![seq.clone(), held.into()])];
        if held {
            let keep =
                "INSERT INTO event_holds (event_seq, at, author, note) VALUES ($1, $2, $3, $4)";
            let at = self.now.millis();
            all.push((keep, vec![seq, at.into(), author.into(), note.into()]));
        }
        for (sql, values) in all {
            self.connection.execute_raw(self.statements().with(sql, values)).await?;
        }
        let row = EventRow { held, ..row };
        self.changed.retain(|noted| noted.seq != row.seq);
        self.changed.push(row.clone());
        Ok(row)
    }

    /// Keeps what somebody noted.
    pub(super) fn note(&mut self, event_seq: i64, note: Option<(&str, &str)>) {
        let mut notes = self.batch();
        if let Some((author, note)) = note {
            let id = NoteId::new(self.lane.next_id());
            notes.push(&(id, event_seq, self.now.millis(), author, note));
        }
        self.write(&self.statements().insert_notes, notes);
    }

    /// Does what has been checked.
    pub(super) async fn repair_row(
        &mut self,
        mut row: EventRow,
        repair: Repair,
    ) -> Result<EventRow, StoreError> {
        let before = row.status;
        match repair {
            Repair::Retry => {
                row.runs_open = self.revive_failed_runs(row.seq).await?;
                row.runs_failed = 0;
                row.processed_at = None;
                row.status = EventStatus::of_runs(row.runs_open, 0);
                if row.runs_open == 0 {
                    row.processed_at = Some(self.now);
                }
            }
            Repair::Delete => {
                self.remove(std::slice::from_ref(&row)).await?;
                self.tally.left(&row);
                self.changed.retain(|noted| noted.seq != row.seq);
                return Ok(row);
            }
            // Done by itself, in `hold`.
            Repair::Hold | Repair::Release => return Ok(row),
            Repair::MarkProcessed => {
                row.status = EventStatus::Processed;
                row.processed_at = Some(self.now);
            }
            Repair::MarkFailed => {
                row.status = EventStatus::Failed;
                row.processed_at = Some(self.now);
                // What it failed by before somebody marked it as processed is why it fails again.
                if before != EventStatus::Processed || row.error.is_none() {
                    row.error = Some(marked_by_hand(row.attempts, self.now));
                }
            }
        }
        self.tally.moved(before, &row);
        self.changed.retain(|noted| noted.seq != row.seq);
        self.changed.push(row.clone());
        Ok(row)
    }

    /// Queues the failed runs of an event again, each from the step that failed; says how many. One that
    /// needs its turn lines up once more.
    async fn revive_failed_runs(&mut self, event_seq: i64) -> Result<i64, StoreError> {
        #[derive(FromQueryResult)]
        struct Failed {
            id: String,
            workflow_id: String,
            state: String,
            attempts: i64,
            started_at: Option<i64>,
        }
        let failed = run::Entity::find()
            .filter(run::Column::EventSeq.eq(event_seq))
            .filter(run::Column::Status.eq(RunStatus::Failed.as_str()))
            .filter(run::Column::Test.eq(false))
            .into_model::<Failed>()
            .all(&self.connection)
            .await?;
        let (mut runs, mut in_line) = (self.batch(), Vec::new());
        for run in &failed {
            let mut state: RunState = serde_json::from_str(&run.state).unwrap_or_default();
            machine::revive(&mut state, self.now);
            let turn = state.turn.clone();
            let due_at = turn.is_none().then_some(self.steady.millis());
            if let (Some(turn), Ok(id), Ok(workflow)) =
                (turn, run.id.parse(), run.workflow_id.parse())
            {
                in_line.push((id, workflow, event_seq, turn));
            }
            let state = serde_json::json!(state).to_string();
            let none = None::<&str>;
            let status = RunStatus::Queued.as_str();
            runs.push(&(
                &run.id,
                status,
                due_at,
                none,
                state,
                run.attempts,
                none,
                run.started_at,
                none,
            ));
        }
        self.write(&self.statements().update_runs, runs);
        self.lock_turns(in_line.iter().map(|(_, workflow, ..)| *workflow)).await?;
        self.line_up(
            in_line.iter().map(|(run, workflow, seq, turn)| (*run, *workflow, *seq, turn)),
        );
        Ok(failed.len() as i64)
    }
}

fn marked_by_hand(attempts: i64, now: Timestamp) -> EventError {
    EventError {
        error_code: "marked_failed".into(),
        error_message: "marked as failed by hand".into(),
        exhausted_retry_condition: None,
        retry_attempts: attempts,
        first_failed_at: now,
        last_failed_at: now,
        run_id: None,
        workflow: None,
        step: None,
    }
}
