//! Putting a definition in force, by its name: applying the same one twice changes nothing.

use std::sync::Arc;

use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter};

use super::{Definition, Workflow, list};
use crate::Engine;
use crate::audit::Note;
use crate::id::WorkflowId;
use crate::store::entity::{workflow, workflow_version};
use crate::store::{Change, StoreError};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    Created,
    Updated,
    Unchanged,
}

/// Stores the definition as a new version where it differs from the one in force, and starts
/// matching events against it. With `dry_run` it only says what would happen.
pub async fn apply(
    engine: &Engine,
    definition: Definition,
    dry_run: bool,
) -> Result<(Applied, Option<Arc<Workflow>>), StoreError> {
    // One at a time: the version number and the name depend on what is there.
    let _turn = engine.applying.lock().await;
    let read = &engine.store.read;
    let found = workflow::Entity::find()
        .filter(workflow::Column::Name.eq(&definition.name))
        .one(read)
        .await?;
    let current = engine.workflows.current();
    let in_force =
        current.workflows().iter().find(|known| known.definition.name == definition.name);
    let applied = match (&found, in_force) {
        (None, _) => Applied::Created,
        (Some(_), Some(known)) if known.definition.document == definition.document => {
            Applied::Unchanged
        }
        (Some(_), _) => Applied::Updated,
    };
    if dry_run || applied == Applied::Unchanged {
        return Ok((applied, in_force.cloned()));
    }
    let now = engine.now().millis();
    let model = match found {
        Some(found) => workflow::Model { version: found.version + 1, updated_at: now, ..found },
        None => workflow::Model {
            id: WorkflowId::new(engine.environment.next_id()).to_string(),
            name: definition.name.clone(),
            enabled: true,
            version: 1,
            created_at: now,
            updated_at: now,
        },
    };
    let version = workflow_version::Model {
        workflow_id: model.id.clone(),
        version: model.version,
        definition: serde_json::json!(definition.document).to_string(),
        created_at: now,
    };
    let name = model.name.clone();
    let note = Note::new("workflow.applied", &model.id)
        .saying(format!("{name}, version {}", model.version));
    let store = Change::new(move |transaction| {
        let active = workflow::ActiveModel::from(model.clone()).reset_all();
        let version = workflow_version::ActiveModel::from(version.clone()).reset_all();
        Box::pin(async move {
            match applied {
                Applied::Created => active.insert(transaction).await?,
                Applied::Updated | Applied::Unchanged => active.update(transaction).await?,
            };
            version.insert(transaction).await?;
            Ok(())
        })
    });
    engine.store.writer.change(store.noted(note)).await?;
    let workflows = list::load(&engine.store).await?;
    let workflow = workflows.iter().find(|workflow| workflow.definition.name == name).cloned();
    engine.workflows.replace(workflows);
    Ok((applied, workflow))
}
