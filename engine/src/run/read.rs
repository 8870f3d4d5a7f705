//! Reading runs with their journals. A journal is read as far as somebody may want to look at it: however
//! many attempts a run has made, a page of it stays small.

use std::collections::HashMap;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, Select, Statement, Value,
};

use super::moves::MovedRun;
use super::{RunDetail, RunEvent, RunRecord, RunStatus};
use crate::Engine;
use crate::event::{EventRow, EventType};
use crate::id::{EventId, RunId, WorkflowId};
use crate::store::StoreError;
use crate::store::entity::{event, run, step_attempt};
use crate::time::Timestamp;

/// So many attempts of a run are read, the newest.
const MOST_ATTEMPTS: i64 = 1_000;
/// Of so many, the newest, what was sent and answered is read with its body.
pub const MOST_BODIES: i64 = 100;

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
    let read = &engine.store.read;
    let mut runs = Vec::new();
    match &filter.workflow {
        None => runs = page(filter, None, before, limit).all(read).await?,
        Some(named) => {
            // A page of each that was ever called so: seldom more than one.
            for workflow in workflows(engine, named).await? {
                runs.extend(page(filter, Some(&workflow), before, limit).all(read).await?);
            }
            runs.sort_unstable_by(|one, other| other.id.cmp(&one.id));
            runs.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        }
    }
    let events = events(engine, runs.iter().map(|run| run.event_seq).collect()).await?;
    Ok(runs.into_iter().map(|run| row(engine, &events, run)).collect())
}

/// A workflow whose runs are wanted.
struct Wanted {
    id: String,
    /// Only while it was called so.
    name: Option<String>,
}

/// The workflow with this id, and those that are or were called so.
async fn workflows(engine: &Engine, named: &str) -> Result<Vec<Wanted>, StoreError> {
    let read = &engine.store.read;
    let backend = read.get_database_backend();
    let name = match backend {
        DbBackend::Postgres => "definition::json->>'name'",
        _ => "definition->>'name'",
    };
    let sql = format!(
        "SELECT workflow_id FROM workflow_versions WHERE {name} = $1
         UNION SELECT id FROM workflows WHERE name = $1"
    );
    let statement = Statement::from_sql_and_values(backend, &sql, [named.into()]);
    let mut found = Vec::new();
    if named.parse::<WorkflowId>().is_ok() {
        found.push(Wanted { id: named.to_owned(), name: None });
    }
    for row in read.query_all_raw(statement).await? {
        let id: String = row.try_get_by_index(0)?;
        if id != named {
            found.push(Wanted { id, name: Some(named.to_owned()) });
        }
    }
    Ok(found)
}

/// One page, which an index gives in its order: of a workflow, of a status, or of all.
fn page(
    filter: &RunFilter,
    workflow: Option<&Wanted>,
    before: Option<RunId>,
    limit: u64,
) -> Select<run::Entity> {
    let mut query = run::Entity::find();
    if let Some(Wanted { id, name }) = workflow {
        query = query.filter(run::Column::WorkflowId.eq(id));
        if let Some(name) = name {
            query = query.filter(run::Column::WorkflowName.eq(name));
        }
    }
    if let Some(status) = filter.status {
        query = query.filter(run::Column::Status.eq(status.as_str()));
        if status != RunStatus::Succeeded {
            // Written out, so that the partial index applies.
            query = query.filter(Expr::cust("status <> 'succeeded'"));
        }
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
    query.order_by_desc(run::Column::Id).limit(limit)
}

/// These runs as they stand, the oldest first.
pub(super) async fn moved(engine: &Engine, ids: &[RunId]) -> Result<Vec<MovedRun>, StoreError> {
    let read = &engine.store.read;
    let ids = ids.iter().map(RunId::to_string);
    let of_ids = run::Entity::find().filter(run::Column::Id.is_in(ids));
    let runs = of_ids.order_by_asc(run::Column::Id).all(read).await?;
    let seqs = runs.iter().map(|run| run.event_seq);
    let found = event::Entity::find().filter(event::Column::Seq.is_in(seqs)).all(read).await?;
    let found: HashMap<i64, EventRow> =
        found.into_iter().map(|model| (model.seq, EventRow::from(model))).collect();
    let reference = |row: &EventRow| RunEvent { id: row.id, event_type: row.event_type.clone() };
    let events = found.iter().map(|(seq, row)| (*seq, reference(row))).collect();
    let moved = |run: run::Model| {
        let event = found.get(&run.event_seq).cloned();
        MovedRun { run: row(engine, &events, run), event }
    };
    Ok(runs.into_iter().map(moved).collect())
}

fn row(engine: &Engine, events: &HashMap<i64, RunEvent>, run: run::Model) -> RunRow {
    RunRow {
        attempts: run.attempts,
        event: events.get(&run.event_seq).cloned(),
        run: on_the_wall(engine, run.with_attempts(Vec::new())),
    }
}

/// The run with its journal.
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

/// The newest of a workflow's runs, with their journals.
pub async fn latest_of(
    engine: &Engine,
    workflow: WorkflowId,
    limit: u64,
) -> Result<Vec<RunRecord>, StoreError> {
    let wanted = Wanted { id: workflow.to_string(), name: None };
    let page = page(&RunFilter::default(), Some(&wanted), None, limit);
    with_journals(engine, page.all(&engine.store.read).await?).await
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
    let read = &engine.store.read;
    let ids: Vec<_> = runs.iter().map(|run| run.id.as_str().into()).collect();
    let statement = journals(read.get_database_backend(), ids);
    let attempts = step_attempt::Model::find_by_statement(statement).all(read).await?;
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

/// The newest attempts of the runs, in their order; the bodies of the older ones stay where they are.
fn journals(backend: DbBackend, runs: Vec<Value>) -> Statement {
    let without_body = |column: &str| match backend {
        DbBackend::Postgres => format!("({column}::jsonb - 'body')::text"),
        _ => format!("json_remove({column}, '$.body')"),
    };
    let part = |name: &str| {
        let column = format!("a.{name}");
        let bare = without_body(&column);
        format!(
            "CASE WHEN a.number > u.attempts - {MOST_BODIES} THEN {column} ELSE {bare} END AS {name}"
        )
    };
    let places = (1..=runs.len()).map(|at| format!("${at}")).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT a.run_id, a.number, a.step, a.attempt, a.status, a.started_at, a.duration_ms, a.error,
            {}, {}
         FROM runs u JOIN step_attempts a
            ON a.run_id = u.id AND a.number > u.attempts - {MOST_ATTEMPTS}
         WHERE u.id IN ({places}) ORDER BY a.run_id, a.number",
        part("request"),
        part("response")
    );
    Statement::from_sql_and_values(backend, sql, runs)
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

#[cfg(test)]
mod tests {
    use sea_orm::QueryTrait;

    use super::*;
    use crate::{Environment, store};

    /// How SQLite finds the page, in its own words.
    async fn plan(filter: &RunFilter, workflow: Option<&Wanted>) -> String {
        let folder = tempfile::tempdir().unwrap();
        let location = store::Location::Folder(folder.path().to_owned());
        let store = crate::open_for_tool(&location, &Environment::system()).await.unwrap();
        let before = Some(RunId::new(1));
        let page = page(filter, workflow, before, 50).build(DbBackend::Sqlite).to_string();
        let explain =
            Statement::from_string(DbBackend::Sqlite, format!("EXPLAIN QUERY PLAN {page}"));
        let rows = store.read.query_all_raw(explain).await.unwrap();
        let detail = |row: &sea_orm::QueryResult| row.try_get::<String>("", "detail").unwrap();
        rows.iter().map(detail).collect::<Vec<_>>().join("; ")
    }

    #[tokio::test]
    async fn a_page_is_found_without_looking_through_all_runs() {
        let wanted = Wanted { id: "wfl_a".into(), name: Some("a".into()) };
        let failed = RunFilter { status: Some(RunStatus::Failed), ..RunFilter::default() };
        let of_status = plan(&failed, None).await;
        assert!(of_status.contains("USING INDEX runs_status (status=? AND id<?)"), "{of_status}");
        let of_workflow = plan(&RunFilter::default(), Some(&wanted)).await;
        assert!(
            of_workflow.contains("USING INDEX runs_workflow (workflow_id=? AND id<?)"),
            "{of_workflow}"
        );
        let both = plan(&failed, Some(&wanted)).await;
        assert!(both.contains("AND id<?)"), "{both}");
        for plan in [of_status, of_workflow, both] {
            assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{plan}");
        }
    }
}
