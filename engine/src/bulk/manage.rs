//! Starting, listing, cancelling and resuming operations.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::plan::{self, NewBulk};
use super::{Action, BulkError, Operation, Phase, State};
use crate::Engine;
use crate::audit::{self, Note};
use crate::event::note;
use crate::event::{EventFilter, EventStatus};
use crate::id::BulkId;
use crate::store::entity::{bulk_operation, event};
use crate::store::{Change, StoreError};

/// Plans the operation and leaves it to the worker.
pub async fn start(engine: &Engine, new: NewBulk) -> Result<Operation, BulkError> {
    let plan = plan::plan(engine, &new).await?;
    let operation = Operation {
        id: BulkId::new(engine.environment.next_id()),
        action: new.action,
        filter: new.filter,
        note: note::parse(new.note.as_deref().unwrap_or_default())?,
        created_by: audit::current().map_or_else(|| "Sluice".into(), |actor| actor.name),
        created_at: engine.now(),
        finished_at: None,
        state: State::Planned,
        reason: None,
        canary: new.canary,
        phase: Phase::first(new.canary),
        watched: Vec::new(),
        upper_seq: plan.upper_seq,
        position: 0,
        total: plan.total,
        done: 0,
        succeeded: 0,
        failed: 0,
        skipped: 0,
    };
    let model = bulk_operation::Model::from(&operation);
    let insert = Change::new(move |transaction| {
        let model = model.clone();
        Box::pin(async move {
            let model = model.into_active_model().reset_all();
            bulk_operation::Entity::insert(model).exec_without_returning(transaction).await?;
            Ok(())
        })
    });
    let told = format!("{} {} events", operation.action, operation.total);
    let note = Note::new("bulk.started", operation.id.to_string()).saying(told);
    engine.store.writer.change(insert.noted(note)).await?;
    engine.bulk.publish(operation.clone());
    engine.bulk.wake.notify_one();
    Ok(operation)
}

pub async fn get(engine: &Engine, id: BulkId) -> Result<Operation, BulkError> {
    let found = bulk_operation::Entity::find_by_id(id.to_string()).one(&engine.store.read).await;
    let found = found.map_err(StoreError::from)?;
    found.map(Operation::from).ok_or(BulkError::Unknown(id))
}

/// The newest operations.
pub async fn list(
    engine: &Engine,
    before: Option<BulkId>,
    limit: u64,
) -> Result<Vec<Operation>, StoreError> {
    let mut query = bulk_operation::Entity::find();
    if let Some(before) = before {
        query = query.filter(bulk_operation::Column::Id.lt(before.to_string()));
    }
    let newest = query.order_by_desc(bulk_operation::Column::Id).limit(limit);
    Ok(newest.all(&engine.store.read).await?.into_iter().map(Operation::from).collect())
}

/// How many events that it retried, or sent through again, are failed now.
pub async fn failed_again(engine: &Engine, operation: &Operation) -> Result<i64, StoreError> {
    if !operation.action.has_canary() {
        return Ok(0);
    }
    let touched = EventFilter { bulk: Some(operation.id), ..EventFilter::default() };
    count_failed(engine, touched).await
}

async fn count_failed(engine: &Engine, filter: EventFilter) -> Result<i64, StoreError> {
    let failed = EventFilter { status: Some(EventStatus::Failed), ..filter };
    let query = event::Entity::find().filter(failed.condition());
    Ok(query.count(&engine.store.read).await?.try_into().unwrap_or(i64::MAX))
}

/// Ends the operation; what is done stays done. Once cancelled it stays so.
pub async fn cancel(engine: &Engine, id: BulkId) -> Result<Operation, BulkError> {
    let operation = get(engine, id).await?;
    if operation.state == State::Cancelled {
        return Ok(operation);
    }
    let (may, now) = (|state: State| state.is_open() || state == State::Stopped, engine.now());
    if !may(operation.state) {
        return Err(BulkError::Ended(operation.state));
    }
    let note = Note::new("bulk.cancelled", id.to_string());
    match change(engine, id, note, may, move |operation| operation.cancel(now)).await {
        Err(StoreError::Conflict) => Err(BulkError::Ended(get(engine, id).await?.state)),
        Err(error) => Err(error.into()),
        Ok(()) => tell(engine, id).await,
    }
}

/// Lets a stopped operation begin again, with its canary if it has one. What a retry brought back and
/// failed again is taken once more.
pub async fn resume(engine: &Engine, id: BulkId) -> Result<Operation, BulkError> {
    let operation = get(engine, id).await?;
    if operation.state != State::Stopped {
        return Err(BulkError::NotStopped(operation.state));
    }
    let filter = operation.filter.events(operation.action)?;
    let again = match operation.action {
        Action::Retry => count_failed(engine, EventFilter { bulk: Some(id), ..filter }).await?,
        _ => 0,
    };
    let note = Note::new("bulk.resumed", id.to_string());
    let stopped = |state| state == State::Stopped;
    match change(engine, id, note, stopped, move |operation| operation.resume(again)).await {
        Err(StoreError::Conflict) => Err(BulkError::NotStopped(get(engine, id).await?.state)),
        Err(error) => Err(error.into()),
        Ok(()) => tell(engine, id).await,
    }
}

/// Changes an operation, where its state allows it, in one transaction with the audit log.
async fn change(
    engine: &Engine,
    id: BulkId,
    note: Note,
    may: impl Fn(State) -> bool + Copy + Send + Sync + 'static,
    to: impl Fn(&mut Operation) + Copy + Send + Sync + 'static,
) -> Result<(), StoreError> {
    let change = Change::new(move |transaction| {
        Box::pin(async move {
            let Some(mut operation) = find(transaction, id).await?.filter(|it| may(it.state))
            else {
                return Err(StoreError::Conflict);
            };
            to(&mut operation);
            save(transaction, &operation).await
        })
    });
    engine.store.writer.change(change.noted(note)).await
}

async fn tell(engine: &Engine, id: BulkId) -> Result<Operation, BulkError> {
    let operation = get(engine, id).await?;
    engine.bulk.publish(operation.clone());
    engine.bulk.wake.notify_one();
    Ok(operation)
}

/// The operation in a transaction that nobody else changes it in.
pub(crate) async fn find(
    transaction: &DatabaseTransaction,
    id: BulkId,
) -> Result<Option<Operation>, StoreError> {
    let query = bulk_operation::Entity::find_by_id(id.to_string()).lock_exclusive();
    Ok(query.one(transaction).await?.map(Operation::from))
}

pub(crate) async fn save(
    transaction: &DatabaseTransaction,
    operation: &Operation,
) -> Result<(), StoreError> {
    let model = bulk_operation::Model::from(operation).into_active_model().reset_all();
    model.update(transaction).await?;
    Ok(())
}
