//! Why triggers did or did not match an event.

use serde::{Deserialize, Serialize};

use super::RawJson;

/// What each trigger makes of the event, in the order of the workflows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Explanation {
    pub items: Vec<Explained>,
}

/// What one trigger makes of the event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Explained {
    pub workflow: ExplainedWorkflow,
    /// Which of the workflow's triggers, from 0.
    pub trigger: u32,
    /// The trigger's pattern.
    pub event_type: String,
    pub filter: Option<String>,
    pub matched: bool,
    pub reason: Reason,
    /// The part of the filter that is not true.
    pub clause: Option<String>,
    pub saw: Option<Saw>,
    /// The other fields of the event that it looked at.
    #[serde(default)]
    pub also: Vec<Saw>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ExplainedWorkflow {
    pub id: String,
    pub name: String,
    pub version: u32,
    pub enabled: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    Matched,
    /// The workflow was switched off when the event came.
    Disabled,
    /// The trigger was made, or made into what it is, after the event had come.
    CreatedLater,
    /// The event's type does not fit the pattern.
    EventType,
    /// The event is a replay of what another had started, which was not this workflow.
    NotReplayed,
    /// A part of the filter is not true.
    Filter,
}

/// What the clause looked at: its value, or why it had none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Saw {
    /// The left side of its comparison, or a field of the event that it reads.
    pub expression: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ssr", schema(value_type = Option<serde_json::Value>))]
    pub value: Option<RawJson>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Saw {
    /// The value as JSON, or why there is none, as a sentence.
    pub fn told(&self) -> String {
        let expression = &self.expression;
        match (&self.value, &self.error) {
            (Some(value), _) => format!("{expression} is {}", value.0),
            (None, Some(error)) => format!("{expression} has no value, {error}"),
            (None, None) => format!("{expression} is null"),
        }
    }
}
