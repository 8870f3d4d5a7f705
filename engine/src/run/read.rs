//! Reading runs with their journals.

use std::collections::{HashMap, HashSet};

use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{RunDetail, RunEvent, RunRecord, RunStatus};
use crate::Engine;
use crate::event::read::EventFilter;
use crate::event::{EventRow, EventType};
use crate::id::{EventId, RunId, WorkflowId};
use crate::search;
use crate::store::StoreError;
use crate::store::entity::{event, run, step_attempt};
use crate::time::Timestamp;

/// The runs of an event in the order in which they were born, each with its journal.
pub async fn of_event(engine: &Engine, event_seq: i64) -> Result<Vec<RunRecord>, StoreError> {
    let runs = run::Entity::find()
        .filter(run::Column::EventSeq.eq(event_seq))
        .order_by_asc(run::Column::Id)
        .all(&engine.store.read)
        .await?;
    with_journals(engine, runs).await
}

#[derive(Debug, thiserror::Error)]
pub enum RunReadError {
    #[error("there is no run {0}")]
    Unknown(RunId),
    #[error("the run could not be read: {0}")]
    Store(#[from] StoreError),
}

/// Which runs; every condition must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    pub status: Option<RunStatus>,
    /// The workflow's name or id.
    pub workflow: Option<String>,
    /// Created at this time or later.
    pub from: Option<Timestamp>,
    /// Created before this time.
    pub to: Option<Timestamp>,
}

/// A run as a list shows it: how many attempts it has made, without the attempts.
#[derive(Debug, Clone)]
pub struct RunRow {
    /// Its journal is left out.
    pub run: RunRecord,
    pub attempts: i64,
    pub event: Option<RunEvent>,
}

/// At most `limit` runs, the newest first, older than the run `before`.
pub async fn list(
    engine: &Engine,
    filter: &RunFilter,
    before: Option<RunId>,
    limit: u64,
) -> Result<Vec<RunRow>, StoreError> {
    let mut query = run::Entity::find();
    if let Some(status) = filter.status {
        query = query.filter(run::Column::Status.eq(status.as_str()));
    }
    if let Some(workflow) = &filter.workflow {
        let named = Condition::any()
            .add(run::Column::WorkflowName.eq(workflow))
            .add(run::Column::WorkflowId.eq(workflow));
        query = query.filter(named);
    }
    if let Some(from) = filter.from {
        query = query.filter(run::Column::CreatedAt.gte(from.millis()));
    }
    if let Some(to) = filter.to {
        query = query.filter(run::Column::CreatedAt.lt(to.millis()));
    }
    if let Some(before) = before {
        query = query.filter(run::Column::Id.lt(before.to_string()));
    }
    let runs = query.order_by_desc(run::Column::Id).limit(limit).all(&engine.store.read).await?;
    let events = events(engine, runs.iter().map(|run| run.event_seq).collect()).await?;
    Ok(runs.into_iter().map(|run| row(engine, &events, run)).collect())
}

/// These runs, the oldest first: those whose event `filter` shows, and those that have none.
pub async fn moved(
    engine: &Engine,
    ids: &[RunId],
    filter: &EventFilter,
) -> Result<Vec<RunRow>, StoreError> {
    let read = &engine.store.read;
    let ids = ids.iter().map(RunId::to_string);
    let of_ids = run::Entity::find().filter(run::Column::Id.is_in(ids));
    let runs = of_ids.order_by_asc(run::Column::Id).all(read).await?;
    let seqs = runs.iter().map(|run| run.event_seq);
    let found = event::Entity::find().filter(event::Column::Seq.is_in(seqs)).all(read).await?;
    let all: Vec<_> = found.into_iter().map(EventRow::from).collect();
    let mut hidden: HashSet<i64> = all.iter().map(|row| row.seq).collect();
    let mut shown: Vec<_> = all.into_iter().filter(|row| filter.accepts(row)).collect();
    if let Some(search) = &filter.search {
        shown = search::retain(engine, search, shown).await?;
    }
    shown.iter().for_each(|row| _ = hidden.remove(&row.seq));
    let reference = |row: EventRow| (row.seq, RunEvent { id: row.id, event_type: row.event_type });
    let events: HashMap<i64, RunEvent> = shown.into_iter().map(reference).collect();
    let runs = runs.into_iter().filter(|run| !hidden.contains(&run.event_seq));
    Ok(runs.map(|run| row(engine, &events, run)).collect())
}

fn row(engine: &Engine, events: &HashMap<i64, RunEvent>, run: run::Model) -> RunRow {
    RunRow {
        attempts: run.attempts,
        event: events.get(&run.event_seq).cloned(),
        run: on_the_wall(engine, run.with_attempts(Vec::new())),
    }
}

/// The run with its whole journal.
pub async fn get(engine: &Engine, id: RunId) -> Result<RunDetail, RunReadError> {
    let found = run::Entity::find_by_id(id.to_string()).one(&engine.store.read).await;
    let found = found.map_err(StoreError::from)?.ok_or(RunReadError::Unknown(id))?;
    let seq = found.event_seq;
    let event = events(engine, vec![seq]).await?.remove(&seq);
    let run = with_journals(engine, vec![found]).await?.pop().ok_or(RunReadError::Unknown(id))?;
    Ok(RunDetail { run, event })
}

/// The events of runs, by their numbers.
async fn events(engine: &Engine, seqs: Vec<i64>) -> Result<HashMap<i64, RunEvent>, StoreError> {
    if seqs.is_empty() {
        return Ok(HashMap::new());
    }
    let found = event::Entity::find()
        .select_only()
        .columns([event::Column::Seq, event::Column::Id, event::Column::EventType])
        .filter(event::Column::Seq.is_in(seqs))
        .into_tuple::<(i64, String, String)>()
        .all(&engine.store.read)
        .await?;
    let event = |(seq, id, name): (i64, String, String)| {
        let id = id.parse().unwrap_or(EventId::new(0));
        (seq, RunEvent { id, event_type: EventType::stored(&name) })
    };
    Ok(found.into_iter().map(event).collect())
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

/// The store keeps due times in steady time; people read them off the wall.
fn on_the_wall(engine: &Engine, run: RunRecord) -> RunRecord {
    let due_at = run.due_at.map(|at| engine.environment.steady.on_the_wall(at));
    RunRecord { due_at, ..run }
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
            on_the_wall(engine, run.with_attempts(journal))
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
