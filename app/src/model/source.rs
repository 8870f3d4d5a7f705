//! A source, without its secrets.

use serde::{Deserialize, Serialize};

use super::{EventItem, Timestamp};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = Source))]
#[serde(rename_all = "camelCase")]
pub struct SourceView {
    pub id: String,
    pub name: String,
    /// `github`, `stripe`, `shopify`, `slack`, `standard-webhooks` or `hmac`.
    pub kind: String,
    /// Where its deliveries go, below the address of this server.
    pub path: String,
    /// How many secrets count now.
    pub secrets: u32,
    /// For `hmac`: the header that holds the signature, where it is not `x-signature`.
    pub signature_header: Option<String>,
    pub created_at: Timestamp,
    /// When its secrets last changed.
    pub updated_at: Timestamp,
}

/// A source and what has come of it, as the dashboard shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceActivity {
    pub source: SourceView,
    pub last_event_at: Option<Timestamp>,
    /// Deliveries that were not believed and still wait.
    pub quarantined: u64,
}

/// One source with the newest of its events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceDetail {
    pub activity: SourceActivity,
    pub latest: Vec<EventItem>,
}
