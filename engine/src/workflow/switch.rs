//! Turning a workflow off and on. Runs that have begun go on; an event that comes while it is off starts
//! none, and `explain` says so.

use std::sync::Arc;

use sea_orm::{ActiveModelTrait, Set};

use super::{Workflow, list};
use crate::Engine;
use crate::audit::Note;
use crate::id::WorkflowId;
use crate::store::entity::workflow;
use crate::store::{Change, StoreError};

#[derive(Debug, thiserror::Error)]
pub enum SwitchError {
    #[error("there is no workflow {0}: list them with `sluice workflows list`")]
    Unknown(WorkflowId),
    #[error("the workflow could not be changed")]
    Store(#[from] StoreError),
}

/// Switching twice changes nothing.
pub async fn switch(
    engine: &Engine,
    id: WorkflowId,
    enabled: bool,
) -> Result<Arc<Workflow>, SwitchError> {
    let _turn = engine.applying.lock().await;
    let find = |engine: &Engine| {
        let current = engine.workflows.current();
        current.workflows().iter().find(|known| known.id == id).cloned()
    };
    let found = find(engine).ok_or(SwitchError::Unknown(id))?;
    if found.enabled == enabled {
        return Ok(found);
    }
    let now = engine.now().millis();
    let update = Change::new(move |transaction| {
        let model = workflow::ActiveModel {
            id: Set(id.to_string()),
            enabled: Set(enabled),
            updated_at: Set(now),
            ..Default::default()
        };
        Box::pin(async move {
            model.update(transaction).await?;
            Ok(())
        })
    });
    let action = if enabled { "workflow.enabled" } else { "workflow.disabled" };
    let note = Note::new(action, id.to_string()).saying(&found.definition.name);
    engine.store.writer.change(update.noted(note)).await?;
    engine.workflows.replace(list::load(&engine.store).await?);
    find(engine).ok_or(SwitchError::Unknown(id))
}
