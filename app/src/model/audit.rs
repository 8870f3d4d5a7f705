//! The audit log: who changed what.

use serde::{Deserialize, Serialize};

use super::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = AuditEntry))]
#[serde(rename_all = "camelCase")]
pub struct AuditView {
    pub id: String,
    pub at: Timestamp,
    /// `person`, `key`, `command_line`, or `sluice` for what Sluice decided by itself.
    pub actor_kind: String,
    /// An email address, a key's name and prefix, a user of the machine, or Sluice.
    pub actor: String,
    /// What was done, such as `key.revoked`.
    pub action: String,
    /// The id or name of what was changed.
    pub object: String,
    /// What is worth knowing besides, in words.
    pub detail: String,
}

/// Which entries; empty fields match all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditFilter {
    pub actor: String,
    pub action: String,
    pub object: String,
    pub cursor: String,
}

impl AuditFilter {
    pub const NAMES: [&'static str; 4] = ["actor", "action", "object", "cursor"];

    pub fn read(field: impl Fn(&str) -> Option<String>) -> Self {
        let [actor, action, object, cursor] =
            Self::NAMES.map(|name| field(name).unwrap_or_default().trim().to_owned());
        Self { actor, action, object, cursor }
    }

    pub fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let values = [&self.actor, &self.action, &self.object, &self.cursor];
        Self::NAMES
            .into_iter()
            .zip(values.map(String::as_str))
            .filter(|(_, value)| !value.is_empty())
    }

    pub fn is_narrow(&self) -> bool {
        self.pairs().any(|(name, _)| name != "cursor")
    }
}
