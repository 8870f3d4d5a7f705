//! A workflow as lists show it, its versions, and what is wrong with a text that is to be one.

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

/// A version of a workflow; every one is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = WorkflowVersionItem))]
#[serde(rename_all = "camelCase")]
pub struct VersionItem {
    pub version: u32,
    pub created_at: Timestamp,
    /// What it changed in the one before, in words; empty for the first.
    pub changes: Vec<String>,
}

/// A version whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = WorkflowVersion))]
#[serde(rename_all = "camelCase")]
pub struct VersionDetail {
    pub version: u32,
    pub created_at: Timestamp,
    /// What it changed in the one before, in words; empty for the first.
    pub changes: Vec<String>,
    pub definition: RawJson,
    /// The definition as YAML, which applies again as it stands.
    pub yaml: String,
    /// From the version before to this one, all lines; empty for the first.
    pub diff: Vec<DiffLine>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DiffLine {
    pub side: DiffSide,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum DiffSide {
    Both,
    Removed,
    Added,
}

/// What applying a definition did, or would do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = Applied))]
#[serde(rename_all = "camelCase")]
pub struct AppliedView {
    pub name: String,
    pub result: AppliedResult,
    pub dry_run: bool,
    /// As it is in force now; `null` when nothing of this name is.
    pub workflow: Option<WorkflowView>,
    /// What it changes in the version before, in words.
    pub changes: Vec<String>,
    /// From the version before to this one, all lines of their YAML; empty when nothing changes.
    pub diff: Vec<DiffLine>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum AppliedResult {
    Created,
    Updated,
    Unchanged,
}

/// A text that was checked; nothing was stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = CheckedDefinition))]
#[serde(rename_all = "camelCase")]
pub struct CheckedView {
    pub valid: bool,
    /// The definition in its normal form, as far as the text has the shape of one.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<serde_json::Value>))]
    pub definition: Option<RawJson>,
    /// The same as YAML.
    pub yaml: Option<String>,
    /// Everything that is wrong, at most one thing for each part.
    pub problems: Vec<FindingView>,
}

/// One thing that is wrong with a definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = DefinitionProblem))]
#[serde(rename_all = "camelCase")]
pub struct FindingView {
    /// In the text, from 1.
    pub line: u32,
    /// In the line, from 1.
    pub column: u32,
    /// As in `steps.1.http.url`, counted from 0; empty for the whole text.
    pub path: String,
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}
