//! The way in: an event is matched on the request's own core, then stored together with its runs.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ConnectionTrait, Statement};

use crate::Engine;
use crate::event::envelope::NewEvent;
use crate::event::{Event, Headers};
use crate::id::{EventId, KeyId, RunId};
use crate::key::ApiKey;
use crate::run::birth;
use crate::run::room::Room;
use crate::store::{Accepted, Arrival, Change, Idempotency, NewRun, StoreError};
use crate::workflow::triggers::Match;

/// How long an idempotency key is remembered where nobody says otherwise.
pub const IDEMPOTENCY_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    #[error("this key may not send `{0}`: its scopes are {1}")]
    Scope(String, String),
    #[error("the event could not be stored: {0}")]
    Store(#[from] StoreError),
}

/// Returns once the event is durable: a crash after this never loses it.
pub async fn ingest(
    engine: &Engine,
    key: &ApiKey,
    new: NewEvent,
    headers: Headers,
    idempotency: Option<Idempotency>,
) -> Result<Accepted, IngestError> {
    if !key.may_send(&new.event_type) {
        let scopes = key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ");
        return Err(IngestError::Scope(new.event_type.to_string(), scopes));
    }
    let named = new.event_id.is_some();
    let event = received(engine, new, headers, Some(key.id));
    Ok(store(engine, Arc::new(event), named, idempotency).await?)
}

/// Takes what a source delivered, its signature checked. The provider's own id makes redeliveries
/// one event.
pub(crate) async fn deliver(
    engine: &Engine,
    new: NewEvent,
    headers: Headers,
) -> Result<Accepted, StoreError> {
    let named = new.event_id.is_some();
    store(engine, Arc::new(received(engine, new, headers, None)), named, None).await
}

/// An event as it would be if it came now. It is stored nowhere and starts nothing.
pub fn imagined(engine: &Engine, new: NewEvent) -> Event {
    received(engine, new, Headers::default(), None)
}

fn received(engine: &Engine, new: NewEvent, headers: Headers, key_id: Option<KeyId>) -> Event {
    let id = EventId::new(engine.environment.next_id());
    Event {
        id,
        event_id: new.event_id.unwrap_or_else(|| id.to_string()),
        event_type: new.event_type,
        source: new.source,
        subject: new.subject,
        received_at: engine.now(),
        occurred_at: new.occurred_at,
        payload: new.payload,
        headers: headers.and(new.attributes),
        replay_of: None,
        key_id,
    }
}

/// Takes an event that Sluice itself makes: a replay, or one that a workflow emits.
pub(crate) async fn accept(
    engine: &Engine,
    event: Arc<Event>,
    named: bool,
) -> Result<Accepted, StoreError> {
    store(engine, event, named, None).await
}

/// Matches and stores; where the worker has room, runs are leased by it at birth.
async fn store(
    engine: &Engine,
    event: Arc<Event>,
    named: bool,
    idempotency: Option<Idempotency>,
) -> Result<Accepted, StoreError> {
    let matches = engine.workflows.current().matching(&event);
    let arrival = arrival(engine, event, named, matches, Some(&engine.room));
    engine.store.writer.accept(Arrival { idempotency, ..arrival }).await
}

/// Takes an event that starts just these, whatever it matches.
pub(crate) async fn accept_for(
    engine: &Engine,
    event: Arc<Event>,
    started: Vec<Match>,
) -> Result<Accepted, StoreError> {
    let arrival = arrival(engine, event, false, started, Some(&engine.room));
    engine.store.writer.accept(arrival).await
}

/// An event that Sluice itself makes, matched, for a transaction of its own; none of its runs is
/// leased.
pub(crate) fn queued(engine: &Engine, event: Arc<Event>) -> Arrival {
    let matches = engine.workflows.current().matching(&event);
    arrival(engine, event, false, matches, None)
}

/// With the runs that it starts: leased at birth as far as there is `room`, or, without any, left in the queue.
fn arrival(
    engine: &Engine,
    event: Arc<Event>,
    named: bool,
    matches: Vec<Match>,
    room: Option<&Room>,
) -> Arrival {
    let runs = matches.into_iter().map(|found| {
        let birth = birth::of(engine, &event, &found, room);
        let id = RunId::new(engine.environment.next_id());
        NewRun { id, workflow: found.workflow, trigger: found.trigger, birth }
    });
    let runs = runs.collect();
    // Made here, on the request's own core, because all events share the writer.
    let preview = event.preview();
    Arrival { event, preview, runs, named, idempotency: None }
}

/// Forgets the idempotency keys that are older than they are kept.
pub(crate) async fn forget_old_keys(engine: &Engine) -> Result<(), StoreError> {
    let before = engine.now().minus(engine.idempotency_kept).millis();
    let forget = Change::new(move |transaction| {
        Box::pin(async move {
            let sql = "DELETE FROM idempotency_keys WHERE created_at <= $1";
            let backend = transaction.get_database_backend();
            let statement = Statement::from_sql_and_values(backend, sql, [before.into()]);
            transaction.execute_raw(statement).await?;
            Ok(())
        })
    });
    engine.store.writer.change(forget).await
}
