//! Reading workflows back from the store.

use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::{EntityTrait, QueryOrder};

use super::{Definition, Workflow};
use crate::Engine;
use crate::id::WorkflowId;
use crate::store::entity::{workflow, workflow_version};
use crate::store::{Store, StoreError};
use crate::time::Timestamp;

/// All workflows in their version in force, by name. Those of `known` that are as they were are taken over.
pub(crate) async fn load(
    store: &Store,
    known: &[Arc<Workflow>],
) -> Result<Vec<Arc<Workflow>>, StoreError> {
    let known: HashMap<String, &Arc<Workflow>> =
        known.iter().map(|workflow| (workflow.id.to_string(), workflow)).collect();
    let models =
        workflow::Entity::find().order_by_asc(workflow::Column::Name).all(&store.read).await?;
    let mut workflows = Vec::with_capacity(models.len());
    for model in models {
        if let Some(known) = known.get(&model.id).filter(|known| is_as_it_was(known, &model)) {
            workflows.push(Arc::clone(known));
            continue;
        }
        let key = (model.id.clone(), model.version);
        let version = workflow_version::Entity::find_by_id(key).one(&store.read).await?;
        match version.and_then(|version| compiled(&model, &version)) {
            Some(workflow) => workflows.push(Arc::new(workflow)),
            None => tracing::error!(
                workflow = model.name,
                "the stored definition cannot be read; skipped"
            ),
        }
    }
    Ok(workflows)
}

fn is_as_it_was(known: &Workflow, model: &workflow::Model) -> bool {
    (known.version, known.enabled) == (model.version, model.enabled)
        && known.created_at.millis() == model.created_at
        && known.updated_at.millis() == model.updated_at
}

/// Puts in force what the store has, after something has changed in it; `applying` is held meanwhile.
pub(crate) async fn reload(engine: &Engine) -> Result<(), StoreError> {
    let known = engine.workflows.current();
    engine.workflows.replace(load(&engine.store, known.workflows()).await?);
    Ok(())
}

/// One version, as a run that it started needs it.
pub async fn version(
    engine: &Engine,
    id: WorkflowId,
    version: i64,
) -> Result<Option<Arc<Workflow>>, StoreError> {
    if let Some(known) = engine.workflows.version(id, version) {
        return Ok(Some(known));
    }
    let read = &engine.store.read;
    let found = workflow_version::Entity::find_by_id((id.to_string(), version)).one(read).await?;
    let Some(version) = found else { return Ok(None) };
    let model = workflow::Entity::find_by_id(id.to_string()).one(read).await?;
    // One that was deleted starts nothing, and its runs go on.
    let model = model.unwrap_or_else(|| deleted(&version));
    let workflow = compiled(&model, &version).map(Arc::new);
    if let Some(workflow) = &workflow {
        engine.workflows.remember(Arc::clone(workflow));
    }
    Ok(workflow)
}

fn deleted(last: &workflow_version::Model) -> workflow::Model {
    workflow::Model {
        id: last.workflow_id.clone(),
        name: String::new(),
        enabled: false,
        version: last.version,
        created_at: last.created_at,
        updated_at: last.created_at,
    }
}

fn compiled(model: &workflow::Model, version: &workflow_version::Model) -> Option<Workflow> {
    Some(Workflow {
        id: model.id.parse().ok()?,
        version: version.version,
        enabled: model.enabled,
        created_at: Timestamp::from_millis(model.created_at),
        updated_at: Timestamp::from_millis(model.updated_at),
        definition: Definition::stored(&version.definition).ok()?,
    })
}
