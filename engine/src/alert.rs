//! Alerts: rules over the rollups, told where people look.
//!
//! A rule is read every quarter of a minute. What that means is decided by [`decide`], which is pure;
//! the turn it takes, its line in the history and the messages to the channels are one transaction, so
//! that a turn is told once, also by several nodes. Messages wait in the store until they arrive.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::{AlertRuleId, ChannelId};
use crate::store::StoreError;
use crate::time::Timestamp;

pub mod channel;
pub mod decide;
pub mod deliver;
mod message;
pub mod reading;
pub mod rule;
pub mod watch;
mod words;

/// When a rule speaks. Minutes are the grain of the rollups: a window of them is read with all of the minute in
/// which it begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Condition {
    /// More events than this failed within the window. An event type is a pattern.
    FailedEvents {
        over: u32,
        window: Window,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event_type: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<String>,
    },
    /// More than this share of the events that settled within the window failed, once there were enough.
    FailureRate {
        over_percent: u32,
        at_least: u32,
        window: Window,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event_type: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<String>,
    },
    /// More dead letters than this wait.
    DeadLetters { over: u32 },
    /// From acceptance to settling took longer than this, at the percentile.
    Latency { percentile: u8, over: Window, window: Window },
    /// No event came within the window.
    Absence {
        window: Window,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event_type: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<String>,
    },
    /// What the payloads look like changed within the window: a field appeared, disappeared or is of
    /// another kind. See [`crate::shape`].
    SchemaDrift {
        window: Window,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event_type: Option<String>,
    },
    /// More deliveries than this were not believed within the window.
    Rejected {
        over: u32,
        window: Window,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<String>,
    },
}

/// A length of time as people write it, such as `15m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window(pub Duration);

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match seconds {
            _ if self.0.subsec_millis() != 0 => write!(f, "{}ms", self.0.as_millis()),
            _ if seconds.is_multiple_of(86_400) && seconds > 0 => {
                write!(f, "{}d", seconds / 86_400)
            }
            _ if seconds.is_multiple_of(3_600) && seconds > 0 => write!(f, "{}h", seconds / 3_600),
            _ if seconds.is_multiple_of(60) && seconds > 0 => write!(f, "{}m", seconds / 60),
            _ => write!(f, "{seconds}s"),
        }
    }
}

impl Serialize for Window {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let length = crate::workflow::duration::parse(&text).map_err(serde::de::Error::custom)?;
        Ok(Self(length))
    }
}

/// How a rule stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Quiet,
    Firing,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Firing => "firing",
        }
    }

    pub(crate) fn parse(text: &str) -> Self {
        if text == "firing" { Self::Firing } else { Self::Quiet }
    }
}

/// A rule and how it stands.
#[derive(Debug, Clone)]
pub struct Rule {
    pub id: AlertRuleId,
    pub name: String,
    pub condition: Condition,
    /// How long after it was told it is told again while it still holds.
    pub repeat: Duration,
    /// It is read, but not told, until then.
    pub muted_until: Option<Timestamp>,
    pub state: State,
    /// When it took this state.
    pub since: Timestamp,
    /// How often in a row it was read as calm while firing.
    pub(crate) calm: i64,
    pub(crate) told_at: Option<Timestamp>,
    /// What it read last, in the condition's own unit.
    pub value: Option<f64>,
    pub created_at: Timestamp,
}

/// Where alerts are told.
#[derive(Debug, Clone)]
pub struct Channel {
    pub id: ChannelId,
    pub name: String,
    pub kind: ChannelKind,
    /// An address of the kind: a URL, or an email address.
    pub target: String,
    pub created_at: Timestamp,
    pub(crate) secret: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelKind {
    /// JSON, signed as Standard Webhooks are.
    Webhook,
    /// What Slack's incoming webhooks take, and those of others that copied it.
    Slack,
    Email,
}

impl ChannelKind {
    pub const ALL: [Self; 3] = [Self::Webhook, Self::Slack, Self::Email];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Slack => "slack",
            Self::Email => "email",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum AlertError {
    #[error("there is no alert rule {0}: list them at /api/v1/alerts")]
    UnknownRule(AlertRuleId),
    #[error("there is no channel {0}: list them at /api/v1/alert-channels")]
    UnknownChannel(ChannelId),
    #[error("a name has 1 to 100 characters")]
    Name,
    #[error("there is a channel of this name already")]
    Taken,
    #[error("{0}")]
    Invalid(String),
    #[error("the alerts could not be read or written: {0}")]
    Store(#[from] StoreError),
}
