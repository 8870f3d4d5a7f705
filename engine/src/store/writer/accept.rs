//! Stores what arrives: each event once, its body beside it, its runs with it.

use std::borrow::Cow;
use std::collections::HashMap;

use sea_orm::{ConnectionTrait, FromQueryResult};
use serde_json::json;

use super::work::{Outcome, Repeats, Work};
use super::{Accepted, Arrival, Command, StoreError};
use crate::event::{Event, EventStatus};
use crate::id::{EventId, KeyId};
use crate::run::RunStatus;
use crate::run::birth::Birth;
use crate::run::worker::LEASE_MILLIS;
use crate::time::Timestamp;

#[derive(FromQueryResult)]
struct StoredEvent {
    source: String,
    event_id: String,
    id: String,
    status: String,
}

#[derive(FromQueryResult)]
struct StoredKey {
    key_id: String,
    key: String,
    fingerprint: String,
    event: String,
    created_at: i64,
    status: Option<String>,
}

/// `(source, eventId)` → what those who name it again are answered.
type Named<'b> = HashMap<(&'b str, &'b str), Accepted>;
/// Idempotency key → the fingerprint of its body, and the answer that it had.
type Keyed<'b> = HashMap<(Option<KeyId>, &'b str), (&'b str, Accepted)>;

/// How an arrival answers those that name it again within the same batch.
fn seen_before(arrival: &Arrival) -> Accepted {
    let status = EventStatus::on_arrival(arrival.runs.len());
    Accepted { id: arrival.event.id, status, duplicate: true }
}

fn stored_status(text: &str) -> EventStatus {
    text.parse().unwrap_or(EventStatus::Pending)
}

impl<C: ConnectionTrait> Work<'_, C> {
    /// Stores the new events of the batch with their runs; those already there answer with the first.
    pub(super) async fn accept(
        &mut self,
        batch: &[Command],
        repeats: Repeats,
        each: &mut [Option<Outcome>],
    ) -> Result<(), StoreError> {
        let arrivals = batch.iter().enumerate().filter_map(|(at, command)| match command {
            Command::Accept(arrival, _) => Some((at, arrival)),
            _ => None,
        });
        self.accept_all(arrivals.collect(), repeats, each).await
    }

    /// The same for arrivals with their places in `each`.
    pub(super) async fn accept_all(
        &mut self,
        arrivals: Vec<(usize, &Arrival)>,
        repeats: Repeats,
        each: &mut [Option<Outcome>],
    ) -> Result<(), StoreError> {
        if arrivals.is_empty() {
            return Ok(());
        }
        let (stored_keys, stored_events) = match repeats {
            Repeats::LookedUp => {
                (self.stored_keys(&arrivals).await?, self.stored_events(&arrivals).await?)
            }
            Repeats::Refused => (Vec::new(), Vec::new()),
        };
        let mut keyed = keyed(&stored_keys);
        let mut named = named(&stored_events);
        let mut new = Vec::with_capacity(arrivals.len());
        let mut new_keys = self.batch();
        for (at, arrival) in arrivals {
            let event = &arrival.event;
            let given = arrival.idempotency.as_ref();
            if let Some(given) = given
                && let Some((fingerprint, first)) = keyed.get(&(event.key_id, given.key.as_str()))
            {
                each[at] = Some(match *fingerprint == given.fingerprint {
                    true => Outcome::Accepted(first.clone(), None),
                    false => Outcome::KeyReused,
                });
                continue;
            }
            let name = (event.source.as_str(), event.event_id.as_str());
            let first = named.get(&name).filter(|_| arrival.named).cloned();
            if let Some(given) = given {
                let answer = first.clone().unwrap_or_else(|| seen_before(arrival));
                let now = self.now.millis();
                new_keys.push(&(event.key_id, &given.key, &given.fingerprint, answer.id, now));
                keyed.insert((event.key_id, &given.key), (&given.fingerprint, answer));
            }
            match first {
                Some(first) => each[at] = Some(Outcome::Accepted(first, None)),
                None => {
                    if arrival.named {
                        named.insert(name, seen_before(arrival));
                    }
                    new.push((at, arrival));
                }
            }
        }
        let statements = self.statements();
        let insert_keys = match repeats {
            Repeats::LookedUp => &statements.replace_keys,
            Repeats::Refused => &statements.insert_keys,
        };
        self.write(insert_keys, new_keys);
        self.insert(new, each).await
    }

    /// What is remembered under the idempotency keys that arrive.
    async fn stored_keys(
        &self,
        arrivals: &[(usize, &Arrival)],
    ) -> Result<Vec<StoredKey>, StoreError> {
        let mut given = self.batch();
        for (_, arrival) in arrivals {
            if let Some(idempotency) = &arrival.idempotency {
                given.push(&(arrival.event.key_id, &idempotency.key));
            }
        }
        let mut stored = self.read::<StoredKey>(&self.statements().known_keys, given).await?;
        let gone_until = self.now.minus(self.lane.idempotency_kept).millis();
        stored.retain(|key| key.created_at > gone_until);
        Ok(stored)
    }

    /// The events already stored under the names that arrive.
    async fn stored_events(
        &self,
        arrivals: &[(usize, &Arrival)],
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let mut names = self.batch();
        for (_, arrival) in arrivals.iter().filter(|(_, arrival)| arrival.named) {
            names.push(&(&arrival.event.source, &arrival.event.event_id));
        }
        self.read(&self.statements().known_events, names).await
    }

    async fn insert(
        &mut self,
        new: Vec<(usize, &Arrival)>,
        each: &mut [Option<Outcome>],
    ) -> Result<(), StoreError> {
        let numbers = self.numbers("events_seq", self.last.seq, new.len()).await?;
        let (mut events, mut bodies, mut runs) = (self.batch(), self.batch(), self.batch());
        let mut in_line = Vec::new();
        let mut counts: HashMap<(i64, &str, &str, EventStatus), [i64; 2]> = HashMap::new();
        for ((at, arrival), seq) in new.into_iter().zip(numbers) {
            self.last.seq = seq;
            let event: &Event = &arrival.event;
            let status = EventStatus::on_arrival(arrival.runs.len());
            let settled = status == EventStatus::Processed;
            events.push(&(
                seq,
                event.id,
                &event.event_id,
                event.event_type.as_str(),
                &event.source,
                &event.subject,
                status.as_str(),
                event.received_at.millis(),
                event.occurred_at.map(Timestamp::millis),
                settled.then_some(event.received_at.millis()),
                &arrival.preview,
                event.payload.len(),
                arrival.runs.len(),
                event.replay_of,
                event.key_id,
            ));
            bodies.push(&(seq, &*event.payload, event.headers.as_text()));
            for run in &arrival.runs {
                let (queued, fresh) = (RunStatus::Queued, Cow::Borrowed("{}"));
                let (status, due_at, state) = match &run.birth {
                    Birth::Leased(_) => {
                        (queued, Some(self.steady.plus_millis(LEASE_MILLIS)), fresh)
                    }
                    Birth::Queued => (queued, Some(self.steady), fresh),
                    // It is due when it gets its turn.
                    Birth::InLine(turn) => {
                        in_line.push((run.id, run.workflow.id, seq, turn));
                        (queued, None, json!({ "turn": turn }).to_string().into())
                    }
                    Birth::Waiting { state, until } => {
                        (RunStatus::Waiting, Some(*until), state.into())
                    }
                };
                let leased = matches!(run.birth, Birth::Leased(_));
                runs.push(&(
                    run.id,
                    seq,
                    run.workflow.id,
                    &run.workflow.definition.name,
                    run.workflow.version,
                    run.trigger,
                    status.as_str(),
                    due_at.map(Timestamp::millis),
                    leased.then_some(self.lane.node()),
                    state,
                    0,
                    self.now.millis(),
                ));
            }
            let minute = event.received_at.minute();
            let counted = counts
                .entry((minute, event.event_type.as_str(), &event.source, status))
                .or_default();
            counted[0] += 1;
            counted[1] += event.payload.len() as i64;
            let accepted = Accepted { id: event.id, status, duplicate: false };
            each[at] = Some(Outcome::Accepted(accepted, Some(seq)));
        }
        for ((minute, event_type, source, status), count) in counts {
            self.tally.arrived(minute, event_type, source, status, count);
        }
        let statements = self.statements();
        self.write(&statements.insert_events, events);
        self.write(&statements.insert_bodies, bodies);
        self.write(&statements.insert_runs, runs);
        self.line_up(in_line);
        Ok(())
    }
}

fn named(stored: &[StoredEvent]) -> Named<'_> {
    let entry = |stored: &'_ StoredEvent| {
        let id = stored.id.parse().unwrap_or(EventId::new(0));
        Accepted { id, status: stored_status(&stored.status), duplicate: true }
    };
    stored.iter().map(|one| ((one.source.as_str(), one.event_id.as_str()), entry(one))).collect()
}

fn keyed(stored: &[StoredKey]) -> Keyed<'_> {
    let entry = |stored: &StoredKey| {
        let id = stored.event.parse().unwrap_or(EventId::new(0));
        // An event that was deleted meanwhile had been dealt with.
        let status = stored.status.as_deref().map_or(EventStatus::Processed, stored_status);
        Accepted { id, status, duplicate: true }
    };
    stored
        .iter()
        .map(|one| {
            let key = (one.key_id.parse().ok(), one.key.as_str());
            (key, (one.fingerprint.as_str(), entry(one)))
        })
        .collect()
}
