//! Writes a step of an operation on many events: what is done to them, and how far it has come, in
//! one transaction.

use sea_orm::DatabaseTransaction;

use super::work::{Outcome, Repeats, Work};
use super::{Arrival, StoreError};
use crate::bulk::{Handled, Operation, Phase, manage};
use crate::event::repair::Repair;
use crate::event::{EventFilter, EventRow};
use crate::id::{BulkId, EventId};

/// What the worker of the operations wants done next.
pub struct BulkStep {
    pub id: BulkId,
    /// Where the operation stood when the worker looked; elsewhere this step does not count.
    pub position: i64,
    pub deed: BulkDeed,
}

pub enum BulkDeed {
    /// Mends those of the events that still fit; `note` comes with its author.
    Repair {
        repair: Repair,
        events: Vec<EventId>,
        filter: Box<EventFilter>,
        note: Option<(String, String)>,
        upto: i64,
    },
    /// Stores the events as new ones; `gone` more were there a moment ago.
    Replay {
        arrivals: Vec<Arrival>,
        gone: i64,
        upto: i64,
    },
    /// Passes over an event that cannot be handled.
    GiveUp {
        upto: i64,
    },
    GoOn(Phase),
    Stop(String),
    Finish,
}

impl Work<'_, DatabaseTransaction> {
    /// The operation after the step and the events that it brought; `None` when the step is out of
    /// date and nothing was done.
    pub(super) async fn bulk(
        &mut self,
        step: &BulkStep,
    ) -> Result<Option<(Operation, Vec<EventRow>)>, StoreError> {
        let found = manage::find(&self.connection, step.id).await?;
        let current = |it: &Operation| it.state.is_open() && it.position == step.position;
        let Some(mut operation) = found.filter(current) else { return Ok(None) };
        let mut arrived = Vec::new();
        match &step.deed {
            BulkDeed::Repair { repair, events, filter, note, upto } => {
                let note = note.as_ref().map(|(author, note)| (author.as_str(), note.as_str()));
                let handled = self.repair_each(step.id, *repair, events, filter, note).await?;
                operation.handled(handled, *upto);
            }
            BulkDeed::Replay { arrivals, gone, upto } => {
                arrived = self.replay_each(step.id, arrivals).await?;
                let succeeded = arrived.iter().map(|row| row.id).collect();
                operation.handled(Handled { succeeded, failed: 0, skipped: *gone }, *upto);
            }
            BulkDeed::GiveUp { upto } => {
                operation.handled(Handled { failed: 1, ..Handled::default() }, *upto);
            }
            BulkDeed::GoOn(phase) => operation.go_on(*phase),
            BulkDeed::Stop(reason) => operation.stop(reason.clone()),
            BulkDeed::Finish => operation.finish(self.now),
        }
        manage::save(&self.connection, &operation).await?;
        Ok(Some((operation, arrived)))
    }

    async fn repair_each(
        &mut self,
        id: BulkId,
        repair: Repair,
        events: &[EventId],
        filter: &EventFilter,
        note: Option<(&str, &str)>,
    ) -> Result<Handled, StoreError> {
        let mut handled = Handled::default();
        for event in events {
            let row = self.find_for_repair(*event).await?.filter(|row| filter.accepts(row));
            let Some(row) = row.filter(|row| repair.check(row).is_ok()) else {
                handled.skipped += 1;
                continue;
            };
            let row = EventRow { bulk: Some(id), ..row };
            self.note(row.seq, note.filter(|_| repair != Repair::Delete));
            self.repair_row(row, repair).await?;
            handled.succeeded.push(*event);
        }
        Ok(handled)
    }

    async fn replay_each(
        &mut self,
        id: BulkId,
        arrivals: &[Arrival],
    ) -> Result<Vec<EventRow>, StoreError> {
        self.lock_turns(arrivals.iter().flat_map(super::turns::of)).await?;
        let mut each: Vec<Option<Outcome>> = arrivals.iter().map(|_| None).collect();
        self.accept_all(arrivals.iter().enumerate().collect(), Repeats::Refused, &mut each).await?;
        let (mut arrived, mut marks) = (Vec::new(), self.batch());
        for (arrival, outcome) in arrivals.iter().zip(each) {
            if let Some(Outcome::Accepted(_, Some(seq))) = outcome {
                let row =
                    EventRow::arrived(&arrival.event, &arrival.preview, seq, arrival.runs.len());
                marks.push(&(seq, id));
                arrived.push(EventRow { bulk: Some(id), ..row });
            }
        }
        self.write(&self.statements().mark_bulk, marks);
        Ok(arrived)
    }
}
