//! A workflow, as the list shows it.

use serde::{Deserialize, Serialize};

use super::{RawJson, Timestamp};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = Workflow))]
#[serde(rename_all = "camelCase")]
pub struct WorkflowView {
    pub id: String,
    pub name: String,
    pub version: u32,
    pub enabled: bool,
    pub triggers: Vec<TriggerView>,
    pub steps: Vec<StepView>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// The whole definition, as applied.
    pub definition: RawJson,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = Trigger))]
#[serde(rename_all = "camelCase")]
pub struct TriggerView {
    pub event_type: String,
    pub filter: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = Step))]
#[serde(rename_all = "camelCase")]
pub struct StepView {
    pub id: String,
    /// `http`, `transform`, `delay`, `emit` or `fail`.
    pub kind: String,
    pub when: Option<String>,
}
