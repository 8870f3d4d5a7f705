//! Workflows for the dashboard.

use engine::Engine;
use engine::workflow::switch::{self, SwitchError};

use super::{convert, fail, not_found};
use crate::ApiError;
use crate::model::{Switched, WorkflowView};

pub async fn list(engine: &Engine) -> Result<Vec<WorkflowView>, ApiError> {
    Ok(engine.workflows.current().workflows().iter().map(|it| convert::workflow(it)).collect())
}

pub async fn switch(engine: &Engine, id: &str, on: bool) -> Result<Switched, ApiError> {
    let id = id.parse().map_err(|_| not_found())?;
    match switch::switch(engine, id, on).await {
        Ok(workflow) => Ok(Switched {
            id: workflow.id.to_string(),
            name: workflow.definition.name.clone(),
            on: workflow.enabled,
        }),
        Err(SwitchError::Unknown(_)) => Err(not_found()),
        Err(error @ SwitchError::Store(_)) => Err(fail(error)),
    }
}
