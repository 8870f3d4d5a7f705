//! Sending an event through again: a new event that names the first.

use std::sync::Arc;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::read::{self, ReadError};
use super::{Event, EventRow, Headers};
use crate::Engine;
use crate::audit::{self, Note};
use crate::id::EventId;
use crate::intake;
use crate::store::entity::run;
use crate::store::{Accepted, StoreError};
use crate::workflow::triggers::Match;
use crate::workflow::{apply, list};

/// Which workflows a replay starts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Versions {
    /// Those that match today, as they are today.
    #[default]
    Current,
    /// Those that the first event started, in the versions that it started; a deleted one starts nothing.
    Original,
}

#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error("there is no event {0}")]
    Unknown(EventId),
    #[error("the event could not be replayed: {0}")]
    Store(#[from] StoreError),
}

/// Tells a replay of what was started then from one of what matches now; a sender's header is not believed.
const OF_THEN: (&str, &str) = ("sluice-replay", "original");

pub(crate) fn is_of_then(event: &Event) -> bool {
    let (name, value) = OF_THEN;
    event.replay_of.is_some() && event.headers.get(name).as_deref() == Some(value)
}

/// Sends the event through again as it was received.
pub async fn replay(
    engine: &Engine,
    id: EventId,
    versions: Versions,
) -> Result<Accepted, ReplayError> {
    let found = read::get(engine, id).await.map_err(|error| match error {
        ReadError::Unknown(id) => ReplayError::Unknown(id),
        ReadError::Store(error) => ReplayError::Store(error),
    })?;
    let seq = found.row.seq;
    let mut event = again(engine, found.row, found.payload, found.headers);
    let accepted = match versions {
        Versions::Current => intake::accept(engine, Arc::new(event), false).await?,
        Versions::Original => {
            let (name, value) = OF_THEN;
            let mark = (name.to_owned(), value.to_owned());
            event.headers = event.headers.and(vec![mark]);
            let started = started(engine, seq).await?;
            intake::accept_for(engine, Arc::new(event), started).await?
        }
    };
    // The new event names the old one by itself; the entry adds who asked for it.
    let note = Note::new("event.replayed", id.to_string()).saying(format!("as {}", accepted.id));
    audit::record_if_someone(&engine.store, note).await?;
    Ok(accepted)
}

/// What the event with this number started when it came, as it was then.
async fn started(engine: &Engine, event_seq: i64) -> Result<Vec<Match>, StoreError> {
    let runs = run::Entity::find()
        .select_only()
        .columns([run::Column::WorkflowId, run::Column::WorkflowVersion, run::Column::TriggerIndex])
        .filter(run::Column::EventSeq.eq(event_seq))
        .filter(run::Column::Test.eq(false))
        .order_by_asc(run::Column::Id)
        .into_tuple::<(String, i64, i64)>()
        .all(&engine.store.read)
        .await?;
    let mut started: Vec<Match> = Vec::with_capacity(runs.len());
    for (workflow, version, trigger) in runs {
        let Ok(workflow) = workflow.parse() else { continue };
        let is_there = apply::in_force(engine, workflow).is_some();
        let trigger = usize::try_from(trigger).unwrap_or_default();
        if is_there && let Some(workflow) = list::version(engine, workflow, version).await? {
            started.push(Match { workflow, trigger });
        }
    }
    Ok(started)
}

/// The event as a new one that names the first.
pub(crate) fn again(engine: &Engine, row: EventRow, payload: Arc<str>, headers: Headers) -> Event {
    // How the one before was replayed says nothing about this one.
    let headers = headers.without(OF_THEN.0);
    let id = EventId::new(engine.environment.next_id());
    Event {
        id,
        event_id: id.to_string(),
        event_type: row.event_type,
        source: row.source,
        subject: row.subject,
        received_at: engine.now(),
        occurred_at: row.occurred_at,
        payload,
        headers,
        replay_of: Some(row.id),
        key_id: None,
    }
}
