//! Alerts: rules and how they stand, where they are told, and what was told.

use serde::{Deserialize, Serialize};

use super::Timestamp;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = AlertRule))]
#[serde(rename_all = "camelCase")]
pub struct AlertRuleView {
    pub id: String,
    pub name: String,
    /// When it fires; `kind` says what else there is.
    pub condition: serde_json::Value,
    /// The condition in words.
    pub says: String,
    /// How long after it was told it is told again, such as `4h`.
    pub repeat: String,
    pub muted_until: Option<Timestamp>,
    /// `quiet` or `firing`.
    pub state: String,
    /// When it took this state.
    pub since: Timestamp,
    /// What it read last: events, percent or milliseconds, by its condition.
    pub value: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = AlertChannel))]
#[serde(rename_all = "camelCase")]
pub struct ChannelView {
    pub id: String,
    pub name: String,
    /// `webhook`, `slack` or `email`.
    pub kind: String,
    /// A URL or an email address.
    pub target: String,
    pub created_at: Timestamp,
}

/// A turn that a rule took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = AlertTurn))]
#[serde(rename_all = "camelCase")]
pub struct AlertTurnView {
    pub id: String,
    pub rule_id: String,
    pub rule: String,
    pub at: Timestamp,
    /// `fires`, `reminds` or `resolves`.
    pub turn: String,
    pub message: String,
}

/// A message to a channel and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = AlertMessage))]
#[serde(rename_all = "camelCase")]
pub struct AlertMessageView {
    pub id: String,
    pub channel_id: String,
    /// `waiting`, `delivered` or `failed`.
    pub status: String,
    pub attempts: u32,
    /// When it is tried again.
    pub due_at: Option<Timestamp>,
    pub error: Option<String>,
    pub created_at: Timestamp,
}

/// All that the page about alerts shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alerts {
    pub rules: Vec<AlertRuleView>,
    pub channels: Vec<ChannelView>,
    pub turns: Vec<AlertTurnView>,
    /// What did not arrive, the newest first.
    pub troubles: Vec<AlertMessageView>,
}
