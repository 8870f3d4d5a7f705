//! Stores what arrives: each event once, its body beside it, its runs with it.

use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::FromQueryResult;

use super::lane::{Outcome, Work};
use super::{Accepted, Arrival, Command, StoreError};
use crate::event::{Event, EventRow, EventStatus};
use crate::id::{EventId, KeyId};
use crate::intake::IDEMPOTENCY_KEPT_MILLIS;
use crate::live::LiveChange;
use crate::run::RunStatus;
use crate::run::worker::LEASE_MILLIS;
use crate::store::statements::Batch;
use crate::time::Timestamp;

/// How an arrival answers those that name it again within the same batch.
fn seen_before(arrival: &Arrival) -> Accepted {
    let status = EventRow::arrived(&arrival.event, 0, arrival.runs.len()).status;
    Accepted { id: arrival.event.id, status, duplicate: true }
}

impl Work<'_> {
    /// Stores the new events of the batch with their runs; those already there answer with the first.
    pub(super) async fn accept(
        &mut self,
        batch: &[Command],
        each: &mut [Option<Outcome>],
    ) -> Result<Vec<LiveChange>, StoreError> {
        let arrivals = batch.iter().enumerate().filter_map(|(at, command)| match command {
            Command::Accept(arrival, _) => Some((at, arrival)),
            _ => None,
        });
        let arrivals: Vec<(usize, &Arrival)> = arrivals.collect();
        if arrivals.is_empty() {
            return Ok(Vec::new());
        }
        let mut keys = self.known_keys(&arrivals).await?;
        let mut known = self.known(&arrivals).await?;
        let mut new = Vec::with_capacity(arrivals.len());
        let mut new_keys = Batch::new();
        for (at, arrival) in arrivals {
            let event = &arrival.event;
            let key = arrival.idempotency.as_ref().map(|given| (event.key_id, given.key.clone()));
            if let (Some(given), Some(key)) = (&arrival.idempotency, &key)
                && let Some((fingerprint, first)) = keys.get(key)
            {
                each[at] = Some(match *fingerprint == given.fingerprint {
                    true => Outcome::Accepted(first.clone(), None),
                    false => Outcome::KeyReused,
                });
                continue;
            }
            let identity = (event.source.clone(), event.event_id.clone());
            let first = known.get(&identity).filter(|_| arrival.named).cloned();
            let answer = first.clone().unwrap_or_else(|| seen_before(arrival));
            if let (Some(given), Some(key)) = (&arrival.idempotency, key) {
                let row = (&key.0, &key.1, &given.fingerprint, answer.id, self.now.millis());
                new_keys.push(&row);
                keys.insert(key, (given.fingerprint.clone(), answer.clone()));
            }
            match first {
                Some(first) => each[at] = Some(Outcome::Accepted(first, None)),
                None => {
                    if arrival.named {
                        known.insert(identity, answer);
                    }
                    new.push((at, arrival));
                }
            }
        }
        self.write(&self.lane.statements.insert_keys, new_keys).await?;
        self.insert(new, each).await
    }

    /// What was accepted under the idempotency keys that arrive, unless they have been forgotten.
    async fn known_keys(
        &self,
        arrivals: &[(usize, &Arrival)],
    ) -> Result<HashMap<(Option<KeyId>, String), (String, Accepted)>, StoreError> {
        #[derive(FromQueryResult)]
        struct Known {
            key_id: String,
            key: String,
            fingerprint: String,
            event: String,
            created_at: i64,
            status: Option<String>,
        }
        let mut given = Batch::new();
        for (_, arrival) in arrivals {
            if let Some(idempotency) = &arrival.idempotency {
                given.push(&(arrival.event.key_id, &idempotency.key));
            }
        }
        let mut found = self.read::<Known>(&self.lane.statements.known_keys, given).await?;
        found.retain(|known| self.now.millis() - known.created_at < IDEMPOTENCY_KEPT_MILLIS);
        let accepted = |found: Known| {
            let id = found.event.parse().unwrap_or(EventId::new(0));
            let status = found.status.and_then(|status| status.parse().ok());
            let status = status.unwrap_or(EventStatus::Processed);
            let first = Accepted { id, status, duplicate: true };
            ((found.key_id.parse().ok(), found.key), (found.fingerprint, first))
        };
        Ok(found.into_iter().map(accepted).collect())
    }

    /// The events already stored under the names that arrive.
    async fn known(
        &self,
        arrivals: &[(usize, &Arrival)],
    ) -> Result<HashMap<(String, String), Accepted>, StoreError> {
        #[derive(FromQueryResult)]
        struct Known {
            source: String,
            event_id: String,
            id: String,
            status: String,
        }
        let mut names = Batch::new();
        for (_, arrival) in arrivals.iter().filter(|(_, arrival)| arrival.named) {
            names.push(&(&arrival.event.source, &arrival.event.event_id));
        }
        let found = self.read::<Known>(&self.lane.statements.known_events, names).await?;
        let accepted = |found: Known| {
            let id = found.id.parse().unwrap_or(EventId::new(0));
            let status = found.status.parse().unwrap_or(EventStatus::Pending);
            ((found.source, found.event_id), Accepted { id, status, duplicate: true })
        };
        Ok(found.into_iter().map(accepted).collect())
    }

    async fn insert(
        &mut self,
        new: Vec<(usize, &Arrival)>,
        each: &mut [Option<Outcome>],
    ) -> Result<Vec<LiveChange>, StoreError> {
        let numbers = self.numbers("events_seq", self.last.seq, new.len()).await?;
        let (mut events, mut bodies, mut runs) = (Batch::new(), Batch::new(), Batch::new());
        let mut changes = Vec::new();
        let watched = self.lane.live.is_watched();
        for ((at, arrival), seq) in new.into_iter().zip(numbers) {
            self.last.seq = seq;
            let event: &Event = &arrival.event;
            let row = EventRow::arrived(event, seq, arrival.runs.len());
            events.push(&(
                seq,
                row.id,
                &row.event_id,
                row.event_type.as_str(),
                &row.source,
                &row.subject,
                row.status.as_str(),
                row.received_at.millis(),
                row.occurred_at.map(Timestamp::millis),
                row.processed_at.map(Timestamp::millis),
                &row.payload_preview,
                row.payload_bytes,
                row.runs_open,
                row.replay_of,
                event.key_id,
                row.runs_failed,
            ));
            bodies.push(&(seq, &*event.payload, serde_json::json!(*event.headers).to_string()));
            for run in &arrival.runs {
                let leased = run.permit.is_some();
                let due_at = if leased { self.now.plus_millis(LEASE_MILLIS) } else { self.now };
                runs.push(&(
                    run.id,
                    seq,
                    run.workflow.id,
                    &run.workflow.definition.name,
                    run.workflow.version,
                    run.trigger,
                    RunStatus::Queued.as_str(),
                    due_at.millis(),
                    leased.then_some(self.lane.node()),
                    "{}",
                    0,
                    self.now.millis(),
                ));
            }
            self.tally.arrived(&row);
            each[at] = Some(Outcome::Accepted(
                Accepted { id: row.id, status: row.status, duplicate: false },
                Some(seq),
            ));
            if watched {
                changes.push(LiveChange { cursor: self.last, row: Arc::new(row) });
            }
        }
        let statements = &self.lane.statements;
        self.write(&statements.insert_events, events).await?;
        self.write(&statements.insert_bodies, bodies).await?;
        self.write(&statements.insert_runs, runs).await?;
        Ok(changes)
    }
}
