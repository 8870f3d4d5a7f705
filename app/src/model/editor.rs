//! What the workflow editor and a workflow's page work on.

use serde::{Deserialize, Serialize};

use super::{
    AppliedView, AuditView, CheckedView, EventSample, FindingView, RawJson, RunView, VersionDetail,
    VersionItem, WorkflowView,
};

/// A workflow's own page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkflowDetail {
    pub workflow: WorkflowView,
    pub yaml: String,
    /// The newest, with the one in force first.
    pub versions: Vec<VersionItem>,
    /// Where the older ones begin.
    pub older: Option<String>,
    /// The version that was asked for.
    pub version: Option<VersionDetail>,
    /// Who turned it off, and why, while it is off.
    pub off: Option<AuditView>,
    /// The newest of the latest runs of all workflows.
    pub runs: Vec<RunView>,
}

/// What the editor begins with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EditorStart {
    /// Empty for a new workflow.
    pub id: String,
    pub name: String,
    /// The version that is edited, 0 for a new workflow.
    pub version: u32,
    /// The text of that version, or of the start that was chosen.
    pub saved: String,
    /// The text to go on with: another one where it was refused.
    pub text: String,
    pub checked: CheckedView,
    /// The version in force, when it is not the one that the text was written for.
    pub moved: Option<u32>,
    /// Why the text was not saved, beside what is wrong in it.
    pub refused: Option<String>,
    /// Types of events that have come lately.
    pub event_types: Vec<String>,
    /// The id of the event to try it on first; empty when there is none.
    pub event: String,
    /// The newest events, to try things on.
    pub events: Vec<EventSample>,
}

/// A text as the server understands it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Understood {
    /// The text that was checked: made from the form, when that was sent.
    pub text: String,
    pub checked: CheckedView,
    /// What it would do with the chosen event, where nothing is wrong.
    pub preview: Option<PreviewText>,
}

/// A preview in words, as the editor shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewText {
    /// Whether the event would start the workflow.
    pub starts: bool,
    pub parts: Vec<PreviewPart>,
}

/// A trigger, the input or a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewPart {
    pub title: String,
    pub note: String,
    /// A request, a value: of several lines, or empty.
    pub text: String,
}

/// What one trigger makes of an event, in words, as the event's page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyLine {
    pub workflow_id: String,
    pub workflow: String,
    /// The trigger's pattern.
    pub event_type: String,
    pub says: String,
    pub matched: bool,
    /// The trigger is for other types, as most are.
    pub elsewhere: bool,
}

/// What became of a text that was to be saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SaveAnswer {
    Saved(Box<AppliedView>),
    /// There is something wrong in the text.
    Wrong(Vec<FindingView>),
    /// This version is in force by now.
    Moved(u32),
    Refused(String),
}

impl EditorStart {
    /// The definition as the form needs it.
    pub fn definition(&self) -> Option<&RawJson> {
        self.checked.definition.as_ref()
    }
}
