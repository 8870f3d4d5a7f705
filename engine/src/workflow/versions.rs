//! The versions of a workflow: all that ever were in force, also of one that was deleted.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::apply::{self, Save, SaveError, Saved, Target};
use super::definition::Document;
use super::explain::{self, Earlier, Then, Verdict};
use super::{Definition, diff};
use crate::Engine;
use crate::event::read::EventRecord;
use crate::id::WorkflowId;
use crate::store::StoreError;
use crate::store::entity::workflow_version;
use crate::time::Timestamp;

/// The longest page.
pub const MOST: u64 = 100;

/// A version as a list shows it.
#[derive(Debug, Clone)]
pub struct Version {
    pub number: i64,
    pub created_at: Timestamp,
    /// What it changed in the one before, in words; empty for the first.
    pub changes: Vec<String>,
}

/// A version whole.
#[derive(Debug, Clone)]
pub struct VersionRecord {
    pub version: Version,
    pub document: Document,
    /// From the one before to this one.
    pub diff: Vec<diff::Line>,
}

/// The newest versions older than `before`, and where the next page begins.
pub async fn list(
    engine: &Engine,
    id: WorkflowId,
    before: Option<i64>,
    limit: u64,
) -> Result<(Vec<Version>, Option<i64>), SaveError> {
    let limit = limit.clamp(1, MOST);
    let models = older(engine, id, before.unwrap_or(i64::MAX), limit + 1).await?;
    if models.is_empty() && (before.is_none() || older(engine, id, i64::MAX, 1).await?.is_empty()) {
        return Err(SaveError::Unknown(id));
    }
    let documents: Vec<Option<Document>> = models.iter().map(document).collect();
    let version = |at: usize| {
        let changes = match (&documents[at], documents.get(at + 1)) {
            (Some(document), Some(Some(before))) => diff::changes(Some(before), document),
            _ => Vec::new(),
        };
        line(&models[at], changes)
    };
    let shown = models.len().min(limit as usize);
    let next = (models.len() > shown).then(|| models[shown - 1].version);
    Ok(((0..shown).map(version).collect(), next))
}

pub async fn get(engine: &Engine, id: WorkflowId, number: i64) -> Result<VersionRecord, SaveError> {
    let found = older(engine, id, number.saturating_add(1), 2).await?;
    let this = found.first().filter(|model| model.version == number);
    let unknown = SaveError::UnknownVersion(id, number);
    let Some((model, document)) = this.and_then(|model| Some((model, document(model)?))) else {
        return Err(unknown);
    };
    let before = found.get(1).and_then(self::document);
    Ok(VersionRecord {
        version: line(model, diff::changes(before.as_ref(), &document)),
        diff: diff::documents(before.as_ref(), &document),
        document,
    })
}

/// Puts the text of an old version in force, as a new version. A deleted workflow comes back by it.
pub async fn restore(
    engine: &Engine,
    id: WorkflowId,
    number: i64,
    expected: Option<i64>,
) -> Result<Saved, SaveError> {
    let document = get(engine, id, number).await?.document;
    let definition = Definition::compile(document)?;
    let target = Target::Known(id);
    apply::save(engine, Save { target, expected, definition, dry_run: false }).await
}

/// Why each trigger did or did not match an event that has come.
pub async fn explain(engine: &Engine, record: &EventRecord) -> Result<Vec<Verdict>, StoreError> {
    let current = engine.workflows.current();
    let event = record.event();
    let started = record.runs.iter().filter(|run| !run.test);
    let ran: HashMap<_, _> = started.map(|run| (run.workflow_id, run.workflow_version)).collect();
    let mut earlier = Earlier::new();
    for workflow in current.workflows() {
        let version = ran.get(&workflow.id).copied();
        let then = match version {
            Some(version) if version == workflow.version => None,
            Some(version) => older(engine, workflow.id, version.saturating_add(1), 1).await?.pop(),
            None if workflow.updated_at <= event.received_at || workflow.version == 1 => None,
            None => in_force_at(engine, workflow.id, event.received_at).await?,
        };
        let then = then.filter(|then| then.version != workflow.version);
        let triggers = then.as_ref().and_then(document).map(|document| document.triggers);
        earlier.insert(workflow.id, Then { ran: version.is_some(), triggers });
    }
    Ok(explain::explain(current.workflows(), &event, &earlier))
}

async fn in_force_at(
    engine: &Engine,
    id: WorkflowId,
    at: Timestamp,
) -> Result<Option<workflow_version::Model>, StoreError> {
    let then = workflow_version::Entity::find()
        .filter(workflow_version::Column::WorkflowId.eq(id.to_string()))
        .filter(workflow_version::Column::CreatedAt.lte(at.millis()))
        .order_by_desc(workflow_version::Column::Version)
        .limit(1);
    Ok(then.one(&engine.store.read).await?)
}

async fn older(
    engine: &Engine,
    id: WorkflowId,
    before: i64,
    limit: u64,
) -> Result<Vec<workflow_version::Model>, StoreError> {
    let versions = workflow_version::Entity::find()
        .filter(workflow_version::Column::WorkflowId.eq(id.to_string()))
        .filter(workflow_version::Column::Version.lt(before))
        .order_by_desc(workflow_version::Column::Version)
        .limit(limit);
    Ok(versions.all(&engine.store.read).await?)
}

fn line(model: &workflow_version::Model, changes: Vec<String>) -> Version {
    let created_at = Timestamp::from_millis(model.created_at);
    Version { number: model.version, created_at, changes }
}

fn document(model: &workflow_version::Model) -> Option<Document> {
    serde_json::from_str(&model.definition).ok()
}
