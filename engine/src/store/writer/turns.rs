//! Gives turns to the runs that wait for one, in the transaction that makes room: a run came, ended or
//! was cancelled.
//!
//! Invariant: of the runs with one key at most one is not behind another, and of a workflow's runs no more
//! have their turn than its limit allows. On SQLite this is the only writer; on Postgres whoever touches
//! the turns of a workflow holds its lock until the commit, and takes it before an event gets its number,
//! so that their order is that of the commits.

use std::collections::BTreeSet;

use sea_orm::ConnectionTrait;

use super::command::NewRun;
use super::work::Work;
use super::{Arrival, StoreError};
use crate::id::{RunId, WorkflowId};
use crate::run::birth::Birth;
use crate::run::turn::Turn;

/// Where a run stands that has a key, or none.
const BEHIND: i64 = 0;
const NEXT: i64 = 1;

/// What a batch has touched.
#[derive(Default)]
pub(super) struct Turns {
    workflows: BTreeSet<WorkflowId>,
    keys: BTreeSet<(WorkflowId, String)>,
}

/// The workflows of an arrival that give turns.
pub(super) fn of(arrival: &Arrival) -> impl Iterator<Item = WorkflowId> {
    let in_line = |run: &&NewRun| matches!(run.birth, Birth::InLine(_));
    arrival.runs.iter().filter(in_line).map(|run| run.workflow.id)
}

impl<C: ConnectionTrait> Work<'_, C> {
    /// Keeps other nodes from giving turns of these workflows until the end of the transaction.
    pub(super) async fn lock_turns(
        &self,
        workflows: impl IntoIterator<Item = WorkflowId>,
    ) -> Result<(), StoreError> {
        if !self.is_postgres() {
            return Ok(());
        }
        // In one order for all, so that no two wait for each other.
        for workflow in workflows.into_iter().collect::<BTreeSet<_>>() {
            let sql = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
            let lock = self.statements().with(sql, vec![format!("turns {workflow}").into()]);
            self.connection.execute_raw(lock).await?;
        }
        Ok(())
    }

    /// Puts runs in line: each with its workflow, the number of its event and its turn.
    pub(super) fn line_up<'t>(
        &mut self,
        runs: impl IntoIterator<Item = (RunId, WorkflowId, i64, &'t Turn)>,
    ) {
        let mut rows = self.batch();
        for (run, workflow, event_seq, turn) in runs {
            let stand = if turn.key.is_some() { BEHIND } else { NEXT };
            rows.push(&(run, workflow, event_seq, &turn.key, stand));
            self.turns.touch(workflow, turn);
        }
        self.write(&self.statements().insert_turns, rows);
    }

    /// Takes runs that have ended out of the line.
    pub(super) fn end_turns<'t>(
        &mut self,
        runs: impl IntoIterator<Item = (RunId, WorkflowId, &'t Turn)>,
    ) {
        let mut rows = self.batch();
        for (run, workflow, turn) in runs {
            rows.push(&[run]);
            self.turns.touch(workflow, turn);
        }
        self.write(&self.statements().delete_turns, rows);
    }

    /// The same when only its room is to be filled.
    pub(super) fn look_for_room(&mut self, workflow: WorkflowId) {
        self.turns.workflows.insert(workflow);
    }

    /// Gives the turns that are free now; the runs that get one are due at once.
    pub(super) fn give_turns(&mut self) {
        let Turns { workflows, keys } = std::mem::take(&mut self.turns);
        let statements = self.statements();
        let (mut next, mut due, mut begun) = (self.batch(), self.batch(), self.batch());
        keys.iter().for_each(|key| next.push(key));
        self.write(&statements.next_of_keys, next);
        for workflow in workflows {
            self.write_one(&statements.give_turns, workflow.to_string());
            due.push(&(workflow, self.steady.millis()));
            begun.push(&[workflow]);
        }
        self.write(&statements.due_turns, due);
        self.write(&statements.begin_turns, begun);
    }
}

impl Turns {
    fn touch(&mut self, workflow: WorkflowId, turn: &Turn) {
        self.workflows.insert(workflow);
        if let Some(key) = &turn.key {
            self.keys.insert((workflow, key.clone()));
        }
    }
}
