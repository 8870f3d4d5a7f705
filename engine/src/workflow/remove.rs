//! Taking a workflow out of force for good. Its versions stay, so runs that have begun go on, what has
//! happened can be read, and restoring one of them brings it back.

use sea_orm::EntityTrait;

use super::apply::{self, SaveError};
use super::list;
use crate::Engine;
use crate::audit::Note;
use crate::id::WorkflowId;
use crate::store::Change;
use crate::store::entity::workflow;

pub async fn remove(engine: &Engine, id: WorkflowId) -> Result<(), SaveError> {
    let _turn = engine.applying.lock().await;
    let found = apply::in_force(engine, id).ok_or(SaveError::Unknown(id))?;
    let delete = Change::new(move |transaction| {
        Box::pin(async move {
            workflow::Entity::delete_by_id(id.to_string()).exec(transaction).await?;
            Ok(())
        })
    });
    let note = Note::new("workflow.deleted", id.to_string()).saying(&found.definition.name);
    engine.store.writer.change(delete.noted(note)).await?;
    list::reload(engine).await?;
    Ok(())
}
