//! Counting what an erasure would take, starting it, and reading receipts.

use std::collections::HashSet;
use std::sync::Arc;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
};

use super::{Counts, Criterion, Erasure, ErasureError, State, find};
use crate::Engine;
use crate::audit::{self, Note};
use crate::event::{EventRow, read};
use crate::id::ErasureId;
use crate::store::entity::erasure;
use crate::store::{Change, StoreError};

/// What it would be done to now; nothing is changed.
pub async fn plan(engine: &Engine, criterion: &Criterion) -> Result<Counts, ErasureError> {
    let criterion = Arc::new(criterion.clone());
    let (upper, mut position) = (read::newest(engine).await?, 0);
    let mut counts = Counts::default();
    // What runs emitted comes again where it fits by itself.
    let mut ahead: HashSet<i64> = HashSet::new();
    while let Some(found) = find::next(engine, &criterion, position, upper).await? {
        position = found.upto;
        let mut rows = found.rows;
        rows.retain(|row| !ahead.remove(&row.seq));
        ahead.extend(rows.iter().map(|row| row.seq).filter(|seq| *seq > position));
        let (held, taken): (Vec<EventRow>, Vec<EventRow>) =
            rows.into_iter().partition(|row| row.held);
        counts.held += held.len() as i64;
        counts.events += taken.len() as i64;
        counts.bytes += taken.iter().map(|row| row.payload_bytes).sum::<i64>();
        counts.runs += find::runs(engine, &taken).await?;
    }
    counts.runs += find::test_runs(engine, &criterion).await?.len() as i64;
    counts.deliveries = find::deliveries(engine, &criterion).await?.len() as i64;
    Ok(counts)
}

/// Begins to erase; the worker goes on with it, also after a crash.
pub async fn start(engine: &Engine, criterion: &Criterion) -> Result<Erasure, ErasureError> {
    let id = ErasureId::new(engine.environment.next_id());
    let value = criterion.value().as_bytes();
    let sealed = engine.vault.seal(&id.to_string(), value, &*engine.environment.random);
    let erasure = Erasure {
        id,
        created_by: audit::current().map_or_else(|| "Sluice".into(), |actor| actor.name),
        created_at: engine.now(),
        finished_at: None,
        state: State::Running,
        kind: criterion.kind().to_owned(),
        path: criterion.path(),
        value_hash: value_hash(engine, criterion),
        sealed: Some(sealed),
        upper_seq: read::newest(engine).await?,
        position: 0,
        counts: Counts::default(),
        digest: String::new(),
    };
    let model = erasure::Model::from(&erasure);
    let insert = Change::new(move |transaction| {
        let model = model.clone().into_active_model().reset_all();
        Box::pin(async move {
            erasure::Entity::insert(model).exec_without_returning(transaction).await?;
            Ok(())
        })
    });
    let by = erasure.path.as_deref().unwrap_or("subject");
    let note = Note::new("erasure.started", id.to_string()).saying(format!("by {by}"));
    engine.store.writer.change(insert.noted(note)).await?;
    engine.erasing.notify_one();
    Ok(erasure)
}

/// The keyed hash that receipts have in place of the value.
pub fn value_hash(engine: &Engine, criterion: &Criterion) -> String {
    let path = criterion.path().unwrap_or_default();
    let parts = [criterion.kind(), &path, criterion.value()];
    engine.vault.fingerprint("erasure", &parts.join("\0"))
}

pub async fn get(engine: &Engine, id: ErasureId) -> Result<Erasure, ErasureError> {
    let found = erasure::Entity::find_by_id(id.to_string()).one(&engine.store.read).await;
    let found = found.map_err(StoreError::from)?;
    found.map(Erasure::from).ok_or(ErasureError::Unknown(id))
}

/// The newest first; `before` is the last id of the page before.
pub async fn list(
    engine: &Engine,
    before: Option<ErasureId>,
    limit: u64,
) -> Result<Vec<Erasure>, StoreError> {
    let mut query = erasure::Entity::find();
    if let Some(before) = before {
        query = query.filter(erasure::Column::Id.lt(before.to_string()));
    }
    let newest = query.order_by_desc(erasure::Column::Id).limit(limit);
    Ok(newest.all(&engine.store.read).await?.into_iter().map(Erasure::from).collect())
}

/// Those that have not ended, the oldest first.
pub(super) async fn open(engine: &Engine) -> Result<Vec<Erasure>, StoreError> {
    let open = [State::Running.as_str(), State::Cleaning.as_str()];
    let query = erasure::Entity::find().filter(erasure::Column::State.is_in(open));
    let query = query.order_by_asc(erasure::Column::Id);
    Ok(query.all(&engine.store.read).await?.into_iter().map(Erasure::from).collect())
}

/// The erasure in a transaction that nobody else changes it in.
pub(crate) async fn find(
    transaction: &DatabaseTransaction,
    id: ErasureId,
) -> Result<Option<Erasure>, StoreError> {
    let query = erasure::Entity::find_by_id(id.to_string()).lock_exclusive();
    Ok(query.one(transaction).await?.map(Erasure::from))
}

pub(crate) async fn save(
    transaction: &DatabaseTransaction,
    erasure: &Erasure,
) -> Result<(), StoreError> {
    let model = erasure::Model::from(erasure).into_active_model().reset_all();
    model.update(transaction).await?;
    Ok(())
}
