//! Writes what runs have done: journal, run, and what that makes of the event.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, FromQueryResult};
use serde::Serialize;

use super::work::{Outcome, Work};
use super::{Command, Progress, StoreError};
use crate::event::{EventRow, EventStatus};
use crate::id::RunId;
use crate::json;
use crate::run::{JOURNAL_KEPT, RunStatus, StepAttempt};
use crate::store::batch::Batch;
use crate::store::direct::{self, Direct};
use crate::store::entity::event;
use crate::time::Timestamp;

#[derive(FromQueryResult)]
struct Held {
    run_id: String,
    lease_owner: Option<String>,
    run_status: String,
    workflow_id: String,
    test: bool,
    /// A test run's event may be made up.
    #[sea_orm(nested)]
    event: Option<event::Model>,
}

impl<C: ConnectionTrait> Work<'_, C> {
    /// Only a run whose lease this node still holds is written; otherwise another has it, or it was
    /// cancelled, and what was done here does not count.
    pub(super) async fn settle(
        &mut self,
        batch: &[Command],
        each: &mut [Option<Outcome>],
    ) -> Result<(), StoreError> {
        let runs = || {
            batch.iter().filter_map(|command| match command {
                Command::Record(progress, _) => Some(progress.run),
                _ => None,
            })
        };
        if runs().next().is_none() {
            return Ok(());
        }
        // What each event was, is, and since when it is being worked on.
        let mut rows: HashMap<i64, (EventStatus, EventRow, Timestamp)> = HashMap::new();
        // What is no event's matter, a test run, has none here.
        let mut events: HashMap<RunId, Option<i64>> = HashMap::new();
        let mut workflows: HashMap<RunId, String> = HashMap::new();
        let ids = {
            let (known, mut ids) = (self.lane.known(), self.batch());
            for run in runs() {
                let Some((workflow, row)) = known.find(run) else {
                    ids.push(&[run]);
                    continue;
                };
                workflows.insert(run, workflow.to_owned());
                events.insert(run, Some(row.seq));
                rows.entry(row.seq).or_insert_with(|| (row.status, row.clone(), row.received_at));
            }
            ids
        };
        if self.is_postgres() {
            self.lock_events(ids.clone()).await?;
        }
        let held = match &self.lane.direct {
            Some(direct) => self.read_here(direct, ids)?,
            None => self.read::<Held>(&self.statements().runs_with_events.batch, ids).await?,
        };
        let node = self.lane_node();
        for held in held {
            let mine = held.lease_owner.as_deref() == Some(node.as_str());
            let open = !RunStatus::stored(&held.run_status).is_finished();
            let (true, true, Ok(run)) = (mine, open, held.run_id.parse()) else { continue };
            match held.event.filter(|_| !held.test) {
                None if !held.test => {}
                None => {
                    events.insert(run, None);
                }
                Some(model) => {
                    workflows.insert(run, held.workflow_id);
                    let row = EventRow::from(model);
                    events.insert(run, Some(row.seq));
                    let (was, since) = (row.status, row.received_at);
                    rows.entry(row.seq).or_insert((was, row, since));
                }
            }
        }
        let (mut runs, mut attempts, mut ended) = (self.batch(), self.batch(), Vec::new());
        let mut forgotten = self.batch();
        for (command, outcome) in batch.iter().zip(each) {
            let Command::Record(progress, _) = command else { continue };
            // A run that has finished in this very batch is not held any more.
            let event = match progress.due_at {
                Some(_) => events.get(&progress.run).copied(),
                None => events.remove(&progress.run),
            };
            *outcome = Some(Outcome::Recorded(event.is_some()));
            let Some(event) = event else { continue };
            let revived = progress.state.revived_at;
            if let Some((_, row, since)) = event.and_then(|seq| rows.get_mut(&seq)) {
                advance(row, progress);
                *since = revived.map_or(*since, |revived| revived.max(*since));
            }
            if let Some(workflow) = workflows.get(&progress.run) {
                let since = revived.unwrap_or(progress.started_at);
                self.tally.ended(workflow, progress.status, since, progress.now);
            }
            if let Some(turn) = progress.state.turn.as_ref().filter(|_| progress.due_at.is_none()) {
                ended.push((progress.run, progress.workflow, turn));
            }
            self.push_run(progress, &mut runs, &mut attempts);
            if progress.state.attempts > JOURNAL_KEPT && !progress.attempts.is_empty() {
                forgotten.push(&(progress.run, progress.state.attempts - JOURNAL_KEPT));
            }
        }
        self.write(&self.statements().update_runs, runs);
        self.write(&self.statements().insert_attempts, attempts);
        self.write(&self.statements().forget_attempts, forgotten);
        self.end_turns(ended);
        for (before, row, since) in rows.into_values() {
            self.tally.went(before, &row, since);
            self.changed.push(row);
        }
        Ok(())
    }

    /// Lets no other node change what is left of these runs' events: each writes how many runs are
    /// open, counted from what it read. A statement of its own, as one that waits for a lock reads
    /// what was there before.
    async fn lock_events(&self, runs: Batch) -> Result<(), StoreError> {
        if !runs.is_empty() {
            let statements = self.statements();
            let lock = statements.with_batch(&statements.lock_events, runs);
            self.connection.query_all_raw(lock).await?;
        }
        Ok(())
    }

    /// What is committed, read on this very thread.
    fn read_here(&self, direct: &Direct, runs: Batch) -> Result<Vec<Held>, StoreError> {
        if runs.is_empty() {
            return Ok(Vec::new());
        }
        let held = |row: &rusqlite::Row<'_>| {
            let is_there = row.get::<_, Option<i64>>(5)?.is_some();
            Ok(Held {
                run_id: row.get(0)?,
                lease_owner: row.get(1)?,
                run_status: row.get(2)?,
                workflow_id: row.get(3)?,
                test: row.get(4)?,
                event: is_there.then(|| direct::event(row, 5)).transpose()?,
            })
        };
        direct.read(&self.statements().runs_with_events, &runs, held)
    }

    fn lane_node(&self) -> String {
        self.lane.node().to_string()
    }

    fn push_run(&self, progress: &Progress, runs: &mut Batch, attempts: &mut Batch) {
        let finished = progress.status.is_finished();
        runs.push(&(
            progress.run,
            progress.status.as_str(),
            progress.due_at.map(Timestamp::millis),
            progress.keep_lease.then(|| self.lane.node()),
            &progress.state.text,
            progress.state.attempts,
            progress.error.as_ref().map(json::text),
            progress.started_at.millis(),
            finished.then(|| progress.now.millis()),
        ));
        for attempt in &progress.attempts {
            attempts.push(&attempt_row(progress.run, attempt));
        }
    }
}

/// A line of the journal as a row of a batch.
pub(super) fn attempt_row(run: RunId, attempt: &StepAttempt) -> impl Serialize + '_ {
    (
        run,
        attempt.number,
        &attempt.step,
        attempt.attempt,
        if attempt.succeeded { "succeeded" } else { "failed" },
        attempt.started_at.millis(),
        attempt.duration_ms,
        &attempt.request,
        &attempt.response,
        &attempt.error,
    )
}

/// What a run's progress makes of its event. Pure.
pub(super) fn advance(row: &mut EventRow, progress: &Progress) {
    row.attempts += progress.attempts.len() as i64;
    if progress.status.is_finished() {
        row.runs_open -= 1;
        if progress.status == RunStatus::Failed {
            row.runs_failed += 1;
            row.error = progress.error.clone();
        }
    }
    row.status = EventStatus::of_runs(row.runs_open, row.runs_failed);
    if row.status == EventStatus::Processed {
        // What went wrong on the way is in the journal.
        row.error = None;
    }
    if row.runs_open == 0 {
        row.processed_at = Some(progress.now);
    }
}
