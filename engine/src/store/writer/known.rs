//! The runs that were leased when they were born, and their events, as they were committed last: what they do
//! is written without a look at the database first.
//!
//! Invariant: on SQLite, where this writer alone changes events and runs. Whatever else it does to some of them,
//! it forgets them all.

use std::collections::HashMap;
use std::sync::Arc;

use super::command::{Arrival, Command};
use super::lane::Outcomes;
use super::work::Outcome;
use crate::event::EventRow;
use crate::id::RunId;
use crate::run::birth::Birth;

/// So many runs at most; what is not known is read.
const MOST: usize = 8_192;

#[derive(Default)]
pub(super) struct Known {
    runs: HashMap<RunId, Run>,
    events: HashMap<i64, Event>,
}

struct Run {
    event_seq: i64,
    workflow: String,
}

struct Event {
    row: Arc<EventRow>,
    /// How many of its runs are known.
    runs: usize,
}

impl Known {
    /// The run's workflow and event.
    pub(super) fn find(&self, run: RunId) -> Option<(&str, &EventRow)> {
        let run = self.runs.get(&run)?;
        let event = self.events.get(&run.event_seq)?;
        Some((&run.workflow, &event.row))
    }

    /// What was committed.
    pub(super) fn follow(&mut self, batch: &[Command], outcomes: &Outcomes) {
        for (command, outcome) in batch.iter().zip(&outcomes.each) {
            match (command, outcome) {
                (Command::Accept(arrival, _), Outcome::Accepted(_, Some(seq))) => {
                    self.born(arrival, *seq);
                }
                (Command::Record(progress, _), Outcome::Recorded(recorded))
                    if !recorded || !progress.keep_lease =>
                {
                    self.forget(progress.run);
                }
                _ => {}
            }
        }
        for change in &outcomes.changes {
            if let Some(event) = self.events.get_mut(&change.row.seq) {
                event.row = Arc::clone(&change.row);
            }
        }
    }

    pub(super) fn forget_all(&mut self) {
        self.runs.clear();
        self.events.clear();
    }

    fn born(&mut self, arrival: &Arrival, seq: i64) {
        let leased = || arrival.runs.iter().filter(|run| matches!(run.birth, Birth::Leased(_)));
        let count = leased().count();
        if count == 0 || self.runs.len() + count > MOST {
            return;
        }
        let row = EventRow::arrived(&arrival.event, &arrival.preview, seq, arrival.runs.len());
        self.events.insert(seq, Event { row: Arc::new(row), runs: count });
        for run in leased() {
            let workflow = run.workflow.id.to_string();
            self.runs.insert(run.id, Run { event_seq: seq, workflow });
        }
    }

    fn forget(&mut self, run: RunId) {
        let Some(run) = self.runs.remove(&run) else { return };
        if let Some(event) = self.events.get_mut(&run.event_seq) {
            event.runs -= 1;
            if event.runs == 0 {
                self.events.remove(&run.event_seq);
            }
        }
    }
}
