//! Operations on many events for the dashboard and the API: what was asked becomes the engine's.

use engine::Engine;
use engine::bulk::manage;
use engine::bulk::plan::{NewBulk, Plan};
use engine::bulk::{Action, BulkError, Filter, Operation, State};
use engine::event::error_group::Counted;
use engine::store::StoreError;

use super::convert::{number, time};
use crate::model::{
    BulkAction, BulkFilter, BulkPlan, BulkState, BulkView, GroupCount, GroupView, TypeCount,
};

pub fn action(action: BulkAction) -> Action {
    match action {
        BulkAction::Retry => Action::Retry,
        BulkAction::Replay => Action::Replay,
        BulkAction::Resolve => Action::Resolve,
        BulkAction::Delete => Action::Delete,
    }
}

/// The engine's filter; the error names the field that does not fit.
pub fn filter(asked: BulkFilter) -> Result<Filter, String> {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let moment = |name: &str, at: Option<crate::model::Timestamp>| {
        let parsed = at.map(|at| engine::time::Timestamp::parse(&at.0)).transpose();
        parsed.map_err(|error| format!("`{name}`: {error}"))
    };
    let ids = asked.ids.unwrap_or_default().into_iter();
    let ids = ids.map(|id| id.parse()).collect::<Result<_, engine::id::InvalidId>>();
    Ok(Filter {
        status: asked.status.and_then(|status| status.name().parse().ok()),
        event_type: given(asked.event_type),
        source: given(asked.source),
        from: moment("from", asked.from)?,
        to: moment("to", asked.to)?,
        q: given(asked.q),
        group: given(asked.group),
        ids: ids.map_err(|error| format!("`ids`: {error}"))?,
    })
}

fn asked(filter: &Filter) -> BulkFilter {
    BulkFilter {
        status: filter.status.map(super::convert::event_status),
        event_type: filter.event_type.clone(),
        source: filter.source.clone(),
        from: filter.from.map(time),
        to: filter.to.map(time),
        q: filter.q.clone(),
        group: filter.group.clone(),
        ids: (!filter.ids.is_empty()).then(|| filter.ids.iter().map(ToString::to_string).collect()),
    }
}

fn shown(action: Action) -> BulkAction {
    match action {
        Action::Retry => BulkAction::Retry,
        Action::Replay => BulkAction::Replay,
        Action::Resolve => BulkAction::Resolve,
        Action::Delete => BulkAction::Delete,
    }
}

/// The operation with how many events failed again, which is counted now.
pub async fn view(engine: &Engine, operation: &Operation) -> Result<BulkView, StoreError> {
    let failed_again = manage::failed_again(engine, operation).await?;
    Ok(view_with(operation, failed_again))
}

pub fn view_with(operation: &Operation, failed_again: i64) -> BulkView {
    BulkView {
        id: operation.id.to_string(),
        action: shown(operation.action),
        filter: asked(&operation.filter),
        state: match operation.state {
            State::Planned => BulkState::Planned,
            State::Running => BulkState::Running,
            State::Paused => BulkState::Paused,
            State::Finished => BulkState::Finished,
            State::Cancelled => BulkState::Cancelled,
            State::Stopped => BulkState::Stopped,
        },
        reason: operation.reason.clone(),
        canary: operation.canary,
        note: operation.note.clone(),
        total: number(operation.total),
        done: number(operation.done),
        succeeded: number(operation.succeeded),
        failed: number(operation.failed),
        skipped: number(operation.skipped),
        failed_again: number(failed_again),
        created_by: operation.created_by.clone(),
        created_at: time(operation.created_at),
        finished_at: operation.finished_at.map(time),
    }
}

pub async fn views(engine: &Engine, operations: &[Operation]) -> Result<Vec<BulkView>, StoreError> {
    let mut views = Vec::with_capacity(operations.len());
    for operation in operations {
        views.push(view(engine, operation).await?);
    }
    Ok(views)
}

pub fn plan(new: &NewBulk, plan: Plan) -> BulkPlan {
    let by_type = plan.by_type.into_iter();
    let by_group = plan.by_group.into_iter();
    BulkPlan {
        dry_run: true,
        action: shown(new.action),
        filter: asked(&new.filter),
        canary: new.canary,
        total: number(plan.total),
        by_type: by_type
            .map(|(event_type, count)| TypeCount { event_type, count: number(count) })
            .collect(),
        by_group: by_group
            .map(|(known, count)| GroupCount {
                group: known.group.id,
                message: known.group.message,
                count: number(count),
            })
            .collect(),
        held: number(plan.held),
    }
}

pub fn group(known: Counted) -> GroupView {
    let Counted { group, count, seen, first_seen, last_seen } = known;
    GroupView {
        id: group.id,
        workflow: group.workflow,
        step: group.step,
        error_code: group.code,
        http_status: group.http_status.and_then(|status| status.try_into().ok()),
        message: group.message,
        count: number(count),
        seen: number(seen),
        first_seen: time(first_seen),
        last_seen: time(last_seen),
    }
}

/// What the browser is told when an operation is refused.
pub fn refused(error: BulkError) -> crate::ApiError {
    use axum::http::StatusCode;

    use super::{fail, invalid, not_found, refuse_with};
    match error {
        BulkError::Unknown(_) => not_found(),
        BulkError::Filter(_) | BulkError::Note(_) => invalid(error),
        BulkError::Ended(_) | BulkError::NotStopped(_) => refuse_with(StatusCode::CONFLICT, error),
        BulkError::Store(error) => fail(error),
    }
}

fn new_bulk(
    action: BulkAction,
    asked: BulkFilter,
    canary: bool,
    note: Option<String>,
) -> Result<NewBulk, crate::ApiError> {
    let filter = filter(asked).map_err(super::invalid)?;
    Ok(NewBulk { action: self::action(action), filter, note, canary })
}

pub async fn planned(
    engine: &Engine,
    action: BulkAction,
    asked: BulkFilter,
) -> Result<BulkPlan, crate::ApiError> {
    let new = new_bulk(action, asked, false, None)?;
    let counted = engine::bulk::plan::plan(engine, &new).await.map_err(refused)?;
    Ok(plan(&new, counted))
}

/// The new operation's id.
pub async fn start(
    engine: &Engine,
    action: BulkAction,
    asked: BulkFilter,
    canary: bool,
    note: Option<String>,
) -> Result<String, crate::ApiError> {
    let new = new_bulk(action, asked, canary, note)?;
    let operation = manage::start(engine, new).await.map_err(refused)?;
    Ok(operation.id.to_string())
}

pub async fn cancel(engine: &Engine, id: &str) -> Result<(), crate::ApiError> {
    let id = id.parse().map_err(|_| super::not_found())?;
    manage::cancel(engine, id).await.map(drop).map_err(refused)
}

pub async fn resume(engine: &Engine, id: &str) -> Result<(), crate::ApiError> {
    let id = id.parse().map_err(|_| super::not_found())?;
    manage::resume(engine, id).await.map(drop).map_err(refused)
}
