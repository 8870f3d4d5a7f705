//! Workflows: what starts them and what they do. A run stays with the version that started it.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use crate::id::WorkflowId;
use crate::time::Timestamp;

pub mod apply;
pub mod backtest;
pub mod check;
pub mod definition;
pub mod diff;
pub mod duration;
pub mod explain;
pub(crate) mod follow;
mod limit;
pub mod list;
pub mod preview;
pub mod remove;
pub mod signing;
pub mod switch;
pub mod triggers;
pub mod versions;

pub use definition::{Definition, InvalidDefinition, Step, StepKind};
pub use triggers::TriggerIndex;

/// One version of a workflow, compiled.
#[derive(Debug)]
pub struct Workflow {
    pub id: WorkflowId,
    pub version: i64,
    pub enabled: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub definition: Definition,
}

/// The workflows in force and the index of their triggers, replaced as a whole on every change, and
/// the older versions that runs still follow.
#[derive(Default)]
pub struct Catalog {
    current: RwLock<Arc<TriggerIndex>>,
    versions: RwLock<HashMap<(WorkflowId, i64), Arc<Workflow>>>,
}

impl Catalog {
    pub fn current(&self) -> Arc<TriggerIndex> {
        Arc::clone(&self.current.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    pub(crate) fn replace(&self, workflows: Vec<Arc<Workflow>>) {
        for workflow in &workflows {
            self.remember(Arc::clone(workflow));
        }
        let index = Arc::new(TriggerIndex::new(workflows));
        *self.current.write().unwrap_or_else(std::sync::PoisonError::into_inner) = index;
    }

    pub(crate) fn version(&self, id: WorkflowId, version: i64) -> Option<Arc<Workflow>> {
        let versions = self.versions.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        versions.get(&(id, version)).cloned()
    }

    pub(crate) fn remember(&self, workflow: Arc<Workflow>) {
        let mut versions = self.versions.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        versions.insert((workflow.id, workflow.version), workflow);
    }
}
