//! Reading runs with their journals.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{RunRecord, RunStatus};
use crate::Engine;
use crate::id::{RunId, WorkflowId};
use crate::store::StoreError;
use crate::store::entity::{run, step_attempt};

/// The runs of an event in the order in which they were born, each with its journal.
pub async fn of_event(engine: &Engine, event_seq: i64) -> Result<Vec<RunRecord>, StoreError> {
    let runs = run::Entity::find()
        .filter(run::Column::EventSeq.eq(event_seq))
        .order_by_asc(run::Column::Id)
        .all(&engine.store.read)
        .await?;
    with_journals(engine, runs).await
}

/// The newest runs, with their journals.
pub async fn list(
    engine: &Engine,
    status: Option<RunStatus>,
    before: Option<&str>,
    limit: u64,
) -> Result<Vec<RunRecord>, StoreError> {
    let mut query = run::Entity::find();
    if let Some(status) = status {
        query = query.filter(run::Column::Status.eq(status.as_str()));
    }
    if let Some(before) = before {
        query = query.filter(run::Column::Id.lt(before));
    }
    let runs = query.order_by_desc(run::Column::Id).limit(limit).all(&engine.store.read).await?;
    with_journals(engine, runs).await
}

/// Among how many of the newest runs of all workflows those of one are looked for.
const LATELY: u64 = 5_000;

/// The newest of a workflow's runs, with their journals, among the latest of all.
pub async fn latest_of(
    engine: &Engine,
    workflow: WorkflowId,
    limit: u64,
) -> Result<Vec<RunRecord>, StoreError> {
    let read = &engine.store.read;
    let newest = run::Entity::find().order_by_desc(run::Column::Id);
    let oldest = newest.clone().select_only().column(run::Column::Id).offset(LATELY).limit(1);
    let mut own = newest.filter(run::Column::WorkflowId.eq(workflow.to_string())).limit(limit);
    if let Some(oldest) = oldest.into_tuple::<String>().one(read).await? {
        own = own.filter(run::Column::Id.gt(oldest));
    }
    with_journals(engine, own.all(read).await?).await
}

async fn with_journals(
    engine: &Engine,
    runs: Vec<run::Model>,
) -> Result<Vec<RunRecord>, StoreError> {
    if runs.is_empty() {
        return Ok(Vec::new());
    }
    let attempts = step_attempt::Entity::find()
        .filter(step_attempt::Column::RunId.is_in(runs.iter().map(|run| run.id.as_str())))
        .order_by_asc(step_attempt::Column::Number)
        .all(&engine.store.read)
        .await?;
    let mut journals: HashMap<String, Vec<_>> = HashMap::new();
    for attempt in attempts {
        journals.entry(attempt.run_id.clone()).or_default().push(attempt.into());
    }
    Ok(runs
        .into_iter()
        .map(|run| {
            let journal = journals.remove(&run.id).unwrap_or_default();
            run.with_attempts(journal)
        })
        .collect())
}

/// A run in one line.
#[derive(Debug, Clone)]
pub struct RunLine {
    pub id: RunId,
    pub status: RunStatus,
    pub workflow_id: WorkflowId,
    pub workflow_name: String,
    pub workflow_version: i64,
    pub test: bool,
}

/// The runs of several events, by the events' numbers.
pub async fn lines_of_events(
    engine: &Engine,
    event_seqs: Vec<i64>,
) -> Result<HashMap<i64, Vec<RunLine>>, StoreError> {
    let runs = run::Entity::find()
        .filter(run::Column::EventSeq.is_in(event_seqs))
        .order_by_asc(run::Column::Id)
        .all(&engine.store.read)
        .await?;
    let mut lines: HashMap<i64, Vec<RunLine>> = HashMap::new();
    for run in runs {
        let line = RunLine {
            id: run.id.parse().unwrap_or(RunId::new(0)),
            status: RunStatus::stored(&run.status),
            workflow_id: run.workflow_id.parse().unwrap_or(WorkflowId::new(0)),
            workflow_name: run.workflow_name,
            workflow_version: run.workflow_version,
            test: run.test,
        };
        lines.entry(run.event_seq).or_default().push(line);
    }
    Ok(lines)
}
