//! A run of a workflow, and the attempts its steps made.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::{Timestamp, filter::stretch};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    Queued,
    Running,
    /// For a delay, or for the next attempt of a step.
    Waiting,
    Succeeded,
    Failed,
    Cancelled,
}

impl RunStatus {
    pub const ALL: [Self; 6] = [
        Self::Queued,
        Self::Running,
        Self::Waiting,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
    ];

    pub fn is_finished(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Queued => "Queued",
            Self::Running => "Running",
            Self::Waiting => "Waiting",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
        }
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The workflow version a run is pinned to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct WorkflowRef {
    pub id: String,
    pub name: String,
    pub version: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RunSummary {
    pub id: String,
    pub status: RunStatus,
    pub workflow: WorkflowRef,
    /// Asked for by hand: it changes nothing of its event.
    #[serde(default)]
    pub test: bool,
}

/// A run that was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = BegunRun))]
pub struct RunRef {
    pub id: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = Run))]
#[serde(rename_all = "camelCase")]
pub struct RunView {
    pub id: String,
    pub status: RunStatus,
    pub workflow: WorkflowRef,
    /// Asked for by hand: it changes nothing of its event, and no figure counts it.
    #[serde(default)]
    pub test: bool,
    pub created_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    /// When a waiting run goes on.
    pub next_attempt_at: Option<Timestamp>,
    /// The host that lets a waiting run wait: it fails again and again, asked to be left alone,
    /// or has all the calls it may have.
    #[serde(default)]
    pub held_by: Option<String>,
    /// The run is queued until its workflow gives it its turn: others are at work, or come first.
    #[serde(default)]
    pub waits_for_turn: bool,
    pub error: Option<String>,
    /// How many attempts its steps have made.
    #[serde(default)]
    pub attempts_made: u32,
    /// The newest 1,000, in the order they were made; the newest 100 with the bodies of what was sent and
    /// answered.
    pub attempts: Vec<StepAttempt>,
}

/// The event that started a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = RunEvent))]
#[serde(rename_all = "camelCase")]
pub struct EventRef {
    pub id: String,
    pub event_type: String,
}

/// A run as a list shows it: without its journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RunItem {
    pub id: String,
    pub status: RunStatus,
    pub workflow: WorkflowRef,
    /// Asked for by hand: it changes nothing of its event, and no figure counts it.
    #[serde(default)]
    pub test: bool,
    /// `null` where the event was deleted, or made up for a test.
    pub event: Option<EventRef>,
    pub created_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    /// When a waiting run goes on.
    pub next_attempt_at: Option<Timestamp>,
    /// What it failed by, or who cancelled it.
    pub error: Option<String>,
    /// How many attempts its steps have made.
    pub attempts: u32,
}

/// A run whole, with the event that started it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RunDetail {
    /// `null` where the event was deleted, or made up for a test.
    pub event: Option<EventRef>,
    #[serde(flatten)]
    pub run: RunView,
}

/// Which runs a list shows; empty is no condition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunFilter {
    pub status: String,
    /// A workflow's name or id.
    pub workflow: String,
    /// Created within this long until now, such as `24h`; then `from` and `to` do not count.
    pub within: String,
    /// RFC 3339.
    pub from: String,
    pub to: String,
    pub cursor: String,
}

impl RunFilter {
    /// Reads it from an address, by the names of its parameters.
    pub fn read(parameter: impl Fn(&str) -> Option<String>) -> Self {
        let text = |name: &str| parameter(name).unwrap_or_default().trim().to_owned();
        let said = |name: &str| Some(text(name)).filter(|text| !text.is_empty());
        let [within, from, to] = stretch(said).map(Option::unwrap_or_default);
        Self {
            status: text("status"),
            workflow: text("workflow"),
            within,
            from,
            to,
            cursor: text("cursor"),
        }
    }

    /// What is set, as an address says it.
    pub fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("status", self.status.as_str()),
            ("workflow", &self.workflow),
            ("within", &self.within),
            ("from", &self.from),
            ("to", &self.to),
            ("cursor", &self.cursor),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
    }

    /// Whether it leaves anything out.
    pub fn is_narrow(&self) -> bool {
        self.pairs().any(|(name, _)| name != "cursor")
    }
}

/// Of so many attempts of a run, the newest, what was sent and answered comes with its body.
pub const WITH_BODIES: u32 = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum AttemptStatus {
    Succeeded,
    Failed,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct StepAttempt {
    pub step: String,
    /// Counted from one.
    pub attempt: u32,
    pub status: AttemptStatus,
    pub started_at: Timestamp,
    pub duration_ms: u64,
    pub request: Option<StepRequest>,
    pub response: Option<StepResponse>,
    pub error: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct StepRequest {
    pub method: String,
    pub url: String,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    pub body: Option<String>,
    /// The body was longer than what is kept.
    #[serde(default)]
    pub truncated: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct StepResponse {
    pub status: u16,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    pub body: Option<String>,
    /// The addresses that it was redirected to, in order.
    #[serde(default)]
    pub redirects: Vec<String>,
    /// The body was longer than what is kept.
    #[serde(default)]
    pub truncated: bool,
}

#[cfg(test)]
mod tests {
    use super::{super::filter::CUSTOM, *};

    #[test]
    fn a_filter_is_in_the_address_and_back() {
        let filter = RunFilter {
            status: "failed".to_owned(),
            from: "2025-11-24T09:41:00Z".to_owned(),
            ..RunFilter::default()
        };
        let pairs: Vec<_> = filter.pairs().collect();
        let value = |wanted: &str| pairs.iter().find(|(name, _)| *name == wanted);
        let read = RunFilter::read(|name| value(name).map(|(_, value)| (*value).to_owned()));
        assert_eq!(read, filter);
    }

    #[test]
    fn times_count_only_when_no_stretch_is_chosen() {
        let asked = |within: &'static str| {
            RunFilter::read(move |name| match name {
                "within" => Some(within.to_owned()),
                "from" => Some("2025-11-24T09:41".to_owned()),
                _ => None,
            })
        };
        let last = asked("1h");
        assert_eq!((last.within.as_str(), last.from.as_str()), ("1h", ""));
        let custom = asked(CUSTOM);
        assert_eq!((custom.within.as_str(), custom.from.as_str()), ("", "2025-11-24T09:41:00Z"));
    }
}
