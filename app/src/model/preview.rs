//! What a workflow would do with an event, and which of the events that came it would have taken.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::explain::{Reason, Saw};
use super::{RawJson, Timestamp};

/// What a workflow would do with an event. Nothing was called; what only a run can tell stays as it is
/// written, as in `${steps.notify.output.status}` or `${secret.TOKEN}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = Preview))]
#[serde(rename_all = "camelCase")]
pub struct PreviewView {
    /// Whether the event would start the workflow.
    pub starts: bool,
    pub triggers: Vec<TriggerVerdict>,
    /// The trigger by which the rest is told, from 0: the first that matches, or else the first.
    pub by: u32,
    /// What the steps read as `input`.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<serde_json::Value>))]
    pub input: Option<RawJson>,
    /// Why a run would fail at its start.
    pub error: Option<String>,
    pub steps: Vec<StepPreview>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TriggerVerdict {
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

/// What one step would do; one of `request`, `output`, `waitMs`, `event`, `message` and `error` is there,
/// or none for a wait that depends on an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct StepPreview {
    pub id: String,
    pub when: StepWhen,
    /// Earlier steps whose answer it reads, which only a run can tell.
    pub reads: Vec<String>,
    pub request: Option<PreviewedRequest>,
    /// Of a transform.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<serde_json::Value>))]
    pub output: Option<RawJson>,
    pub wait_ms: Option<u64>,
    /// The event that it would emit.
    pub event: Option<PreviewedEvent>,
    /// With which it would end the run as failed.
    pub message: Option<String>,
    /// Why the step would fail.
    pub error: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum StepWhen {
    Runs,
    LeftOut,
    /// It depends on what an earlier step answers.
    Depends,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct PreviewedRequest {
    pub method: String,
    pub url: String,
    pub headers: BTreeMap<String, String>,
    #[cfg_attr(feature = "ssr", schema(value_type = Option<serde_json::Value>))]
    pub body: Option<RawJson>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PreviewedEvent {
    pub event_type: String,
    pub subject: Option<String>,
    pub payload: RawJson,
}

/// What a definition makes of the newest events, against the version in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = Backtest))]
#[serde(rename_all = "camelCase")]
pub struct BacktestView {
    pub looked_at: u32,
    pub matched: u32,
    /// Matched by this definition, and not by the one in force.
    pub gained: u32,
    /// The other way round.
    pub lost: u32,
    /// The newest of them, at most 20.
    pub gained_events: Vec<EventSample>,
    pub lost_events: Vec<EventSample>,
    /// When the oldest of the events that were looked at came.
    pub since: Option<Timestamp>,
    /// Time ran out before all were looked at.
    pub cut_short: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct EventSample {
    pub id: String,
    pub event_type: String,
    pub source: String,
    pub received_at: Timestamp,
}
