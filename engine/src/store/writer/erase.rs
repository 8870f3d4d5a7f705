//! Writes a batch of an erasure: what is deleted, and how far it has come, in one transaction.

use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect, Value,
};
use sha2::{Digest, Sha256};

use super::StoreError;
use super::work::Work;
use crate::erasure::{Erasure, State, manage};
use crate::event::{EventRow, error_group};
use crate::id::{ErasureId, RunId, WorkflowId};
use crate::run::RunState;
use crate::run::turn::Turn;
use crate::store::entity::{event, run};

/// What the worker of the erasures wants done next.
pub struct ErasureStep {
    pub id: ErasureId,
    /// Where the erasure stood when the worker looked; elsewhere this step does not count.
    pub position: i64,
    pub deed: ErasureDeed,
}

pub enum ErasureDeed {
    /// Deletes those of the events with these numbers that nobody holds.
    Events { seqs: Vec<i64>, upto: i64 },
    /// Deletes what is no event, and forgets what was looked for.
    Rest { deliveries: Vec<String>, test_runs: Vec<String>, value: String },
    /// Gives up: what it looks for is not known any more.
    Stop,
    /// The files are clean.
    Finish,
}

/// A run that goes with its event.
struct Gone {
    id: RunId,
    event_seq: i64,
    /// The turn that it has or waits for.
    turn: Option<(WorkflowId, Turn)>,
}

/// What stands for a value in messages that stay.
const MASK: &str = "[erased]";

impl Work<'_, DatabaseTransaction> {
    /// The erasure after the step and the runs that are gone; `None` when the step is out of date.
    pub(super) async fn erase(
        &mut self,
        step: &ErasureStep,
    ) -> Result<Option<(Erasure, Vec<RunId>)>, StoreError> {
        let found = manage::find(&self.connection, step.id).await?;
        let Some(mut erasure) = found.filter(|it| it.position == step.position) else {
            return Ok(None);
        };
        self.overwrite_what_is_deleted(true).await?;
        let runs = match (&step.deed, erasure.state) {
            (ErasureDeed::Events { seqs, upto }, State::Running) => {
                erasure.position = *upto;
                self.erase_events(&mut erasure, seqs).await?
            }
            (ErasureDeed::Rest { deliveries, test_runs, value }, State::Running) => {
                erasure.state = State::Cleaning;
                erasure.sealed = None;
                self.erase_rest(&mut erasure, deliveries, test_runs, value).await?
            }
            (ErasureDeed::Stop, State::Running) => {
                erasure.state = State::Stopped;
                erasure.sealed = None;
                erasure.finished_at = Some(self.now);
                Vec::new()
            }
            (ErasureDeed::Finish, State::Cleaning) => {
                erasure.state = State::Finished;
                erasure.finished_at = Some(self.now);
                Vec::new()
            }
            _ => {
                self.overwrite_what_is_deleted(false).await?;
                return Ok(None);
            }
        };
        manage::save(&self.connection, &erasure).await?;
        self.overwrite_what_is_deleted(false).await?;
        Ok(Some((erasure, runs)))
    }

    /// SQLite does so for as long as this is on, which costs others time.
    async fn overwrite_what_is_deleted(&self, on: bool) -> Result<(), StoreError> {
        if !self.is_postgres() {
            let sql = if on { "PRAGMA secure_delete = on" } else { "PRAGMA secure_delete = off" };
            self.connection.execute_unprepared(sql).await?;
        }
        Ok(())
    }

    async fn erase_events(
        &mut self,
        erasure: &mut Erasure,
        seqs: &[i64],
    ) -> Result<Vec<RunId>, StoreError> {
        let runs = self.runs_of(seqs).await?;
        // Before the events: whoever gives turns holds this and then settles an event.
        self.lock_turns(runs.iter().filter_map(|run| Some(run.turn.as_ref()?.0))).await?;
        let found = event::Entity::find()
            .filter(event::Column::Seq.is_in(seqs.iter().copied()))
            .lock_exclusive()
            .all(&self.connection)
            .await?;
        // What an earlier command of this batch changed is not in the table yet.
        let current = |row: EventRow| {
            let noted = self.changed.iter().find(|noted| noted.seq == row.seq);
            noted.cloned().unwrap_or(row)
        };
        let rows = found.into_iter().map(EventRow::from).map(current);
        let (held, rows): (Vec<_>, Vec<_>) = rows.partition(|row| row.held);
        erasure.counts.held += held.len() as i64;
        let Some(newest) = rows.iter().map(|row| row.received_at).max() else {
            return Ok(Vec::new());
        };
        let ids: Vec<String> = rows.iter().map(|row| row.id.to_string()).collect();
        if newest.plus(self.lane.idempotency_kept) > self.now {
            self.delete_by("idempotency_keys", "event", &ids).await?;
        }
        self.remove(&rows).await?;
        let gone = |run: &&Gone| rows.iter().any(|row| row.seq == run.event_seq);
        let runs: Vec<&Gone> = runs.iter().filter(gone).collect();
        // Those that waited for them go on.
        let turns = runs.iter().filter_map(|run| {
            let (workflow, turn) = run.turn.as_ref()?;
            Some((run.id, *workflow, turn))
        });
        self.end_turns(turns);
        self.changed.retain(|noted| rows.iter().all(|row| row.seq != noted.seq));
        rows.iter().for_each(|row| self.tally.left(row));
        erasure.counts.events += rows.len() as i64;
        erasure.counts.runs += runs.len() as i64;
        erasure.counts.bytes += rows.iter().map(|row| row.payload_bytes).sum::<i64>();
        erasure.digest = chained(&erasure.digest, &ids);
        Ok(runs.into_iter().map(|run| run.id).collect())
    }

    async fn runs_of(&self, seqs: &[i64]) -> Result<Vec<Gone>, StoreError> {
        let runs: Vec<(String, i64, String, String)> = run::Entity::find()
            .select_only()
            .column(run::Column::Id)
            .column(run::Column::EventSeq)
            .column(run::Column::WorkflowId)
            .column(run::Column::State)
            .filter(run::Column::EventSeq.is_in(seqs.iter().copied()))
            .into_tuple()
            .all(&self.connection)
            .await?;
        let gone = |(id, event_seq, workflow, state): (String, i64, String, String)| {
            let state: RunState = serde_json::from_str(&state).unwrap_or_default();
            let turn = state.turn.and_then(|turn| Some((workflow.parse().ok()?, turn)));
            Some(Gone { id: id.parse().ok()?, event_seq, turn })
        };
        Ok(runs.into_iter().filter_map(gone).collect())
    }

    async fn erase_rest(
        &mut self,
        erasure: &mut Erasure,
        deliveries: &[String],
        test_runs: &[String],
        value: &str,
    ) -> Result<Vec<RunId>, StoreError> {
        for some in deliveries.chunks(500) {
            erasure.counts.deliveries += self.delete_by("quarantine", "id", some).await?;
        }
        for some in test_runs.chunks(500) {
            self.delete_by("step_attempts", "run_id", some).await?;
            erasure.counts.runs += self.delete_by("runs", "id", some).await?;
        }
        if !deliveries.is_empty() || !test_runs.is_empty() {
            erasure.digest = chained(&erasure.digest, &[deliveries, test_runs].concat());
        }
        self.mask_groups(value).await?;
        Ok(test_runs.iter().filter_map(|id| id.parse().ok()).collect())
    }

    /// Groups of failures keep a message; those without events go, others lose the value.
    async fn mask_groups(&self, value: &str) -> Result<(), StoreError> {
        let folded = error_group::fold(value, None);
        for needle in [value, folded.as_str()].into_iter().filter(|needle| needle.len() > 3) {
            for sql in [
                "DELETE FROM error_groups WHERE count <= 0 AND message LIKE $1 ESCAPE '\\'",
                "UPDATE error_groups SET message = REPLACE(message, $2, $3)
                    WHERE message LIKE $1 ESCAPE '\\'",
            ] {
                let mut values: Vec<Value> = vec![like(needle).into()];
                if sql.starts_with("UPDATE") {
                    values.extend([needle.into(), MASK.into()]);
                }
                self.connection.execute_raw(self.statements().with(sql, values)).await?;
            }
        }
        Ok(())
    }

    /// Deletes the rows with one of these texts in the column; how many there were.
    async fn delete_by(
        &self,
        table: &str,
        column: &str,
        texts: &[String],
    ) -> Result<i64, StoreError> {
        if texts.is_empty() {
            return Ok(0);
        }
        let places: Vec<String> = (1..=texts.len()).map(|at| format!("${at}")).collect();
        let sql = format!("DELETE FROM {table} WHERE {column} IN ({})", places.join(","));
        let values = texts.iter().map(|text| text.as_str().into()).collect();
        let done = self.connection.execute_raw(self.statements().with(&sql, values)).await?;
        Ok(done.rows_affected().try_into().unwrap_or(i64::MAX))
    }
}

/// A pattern for texts with this in them.
fn like(needle: &str) -> String {
    let mut pattern = String::from("%");
    for letter in needle.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern + "%"
}

/// The digest with a batch of ids added. Pure.
fn chained(before: &str, ids: &[String]) -> String {
    let mut hash = Sha256::new();
    hash.update(before.as_bytes());
    for id in ids {
        hash.update(id.as_bytes());
        hash.update(b"\n");
    }
    crate::hex::hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_follows_from_all_ids_in_their_order() {
        let ids = |all: &[&str]| all.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        let first = chained("", &ids(&["evt_1", "evt_2"]));
        assert_eq!(first.len(), 64);
        assert_ne!(first, chained("", &ids(&["evt_2", "evt_1"])));
        assert_ne!(chained(&first, &ids(&["evt_3"])), chained("", &ids(&["evt_3"])));
    }

    #[test]
    fn what_is_looked_for_in_messages_is_no_pattern() {
        assert_eq!(like("50%_\\"), "%50\\%\\_\\\\%");
    }
}
