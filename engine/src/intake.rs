//! The way in: an event is matched on the request's own core, then stored together with its runs.

use std::sync::Arc;

use crate::Engine;
use crate::event::Event;
use crate::event::envelope::NewEvent;
use crate::id::{EventId, RunId};
use crate::key::ApiKey;
use crate::store::{Accepted, Arrival, NewRun, StoreError};

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
    headers: Vec<(String, String)>,
) -> Result<Accepted, IngestError> {
    if !key.may_send(&new.event_type) {
        let scopes = key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ");
        return Err(IngestError::Scope(new.event_type.to_string(), scopes));
    }
    let id = EventId::new(engine.environment.next_id());
    let named = new.event_id.is_some();
    let event = Event {
        id,
        event_id: new.event_id.unwrap_or_else(|| id.to_string()),
        event_type: new.event_type,
        source: new.source,
        subject: new.subject,
        received_at: engine.now(),
        occurred_at: new.occurred_at,
        payload: new.payload.into(),
        headers: headers.into(),
        replay_of: None,
        key_id: Some(key.id),
    };
    Ok(accept(engine, Arc::new(event), named).await?)
}

/// Matches and stores; where the worker has room, runs are leased by it at birth.
pub(crate) async fn accept(
    engine: &Engine,
    event: Arc<Event>,
    named: bool,
) -> Result<Accepted, StoreError> {
    let matches = engine.workflows.current().matching(&event);
    let runs = matches.into_iter().map(|found| NewRun {
        id: RunId::new(engine.environment.next_id()),
        workflow: found.workflow,
        trigger: found.trigger,
        permit: engine.worker_room(),
    });
    let runs = runs.collect();
    engine.store.writer.accept(Arrival { event, runs, named }).await
}
