//! Turning a workflow off and on. Runs that have begun go on; an event that comes while it is off starts
//! none, and `explain` says so. Sluice itself turns off what calls a receiver that is gone for good.

use std::sync::Arc;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::{Workflow, apply, list};
use crate::Engine;
use crate::audit::{self, Actor, Note};
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
    match turn(engine, id, enabled, "").await {
        // Another server saved a version meanwhile, which says nothing about this.
        Err(SwitchError::Store(StoreError::Conflict)) => {
            list::reload(engine).await?;
            turn(engine, id, enabled, "").await
        }
        turned => turned,
    }
}

/// Sluice turns off what calls a receiver that is gone for good, and `says` why. Only the version that met
/// it: another may call another.
pub(crate) async fn off_by_itself(
    engine: &Engine,
    met: &Workflow,
    says: &str,
) -> Result<(), SwitchError> {
    let _turn = engine.applying.lock().await;
    if apply::in_force(engine, met.id).is_none_or(|known| known.version != met.version) {
        return Ok(());
    }
    audit::within(async {
        audit::enter(Actor::sluice());
        match turn(engine, met.id, false, says).await {
            // Another server has put another version in its place.
            Ok(_) | Err(SwitchError::Store(StoreError::Conflict)) => Ok(()),
            Err(error) => Err(error),
        }
    })
    .await
}

/// Changes the version that is known here, or nothing: [`StoreError::Conflict`].
async fn turn(
    engine: &Engine,
    id: WorkflowId,
    enabled: bool,
    says: &str,
) -> Result<Arc<Workflow>, SwitchError> {
    let found = apply::in_force(engine, id).ok_or(SwitchError::Unknown(id))?;
    if found.enabled == enabled {
        return Ok(found);
    }
    let now = engine.now().millis();
    let known = found.version;
    let update = Change::new(move |transaction| {
        let update = workflow::Entity::update_many()
            .col_expr(workflow::Column::Enabled, Expr::value(enabled))
            .col_expr(workflow::Column::UpdatedAt, Expr::value(now))
            .filter(workflow::Column::Id.eq(id.to_string()))
            .filter(workflow::Column::Version.eq(known));
        Box::pin(async move {
            let updated = update.exec(transaction).await?;
            if updated.rows_affected == 0 { Err(StoreError::Conflict) } else { Ok(()) }
        })
    });
    let action = if enabled { "workflow.enabled" } else { "workflow.disabled" };
    let name = &found.definition.name;
    let detail = if says.is_empty() { name.clone() } else { format!("{name}, {says}") };
    let note = Note::new(action, id.to_string()).saying(detail);
    engine.store.writer.change(update.noted(note)).await?;
    list::reload(engine).await?;
    apply::in_force(engine, id).ok_or(SwitchError::Unknown(id))
}
