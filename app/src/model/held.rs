//! Deliveries that were not believed, and what can be done with them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = HeldDelivery))]
#[serde(rename_all = "camelCase")]
pub struct HeldView {
    pub id: String,
    pub source: String,
    /// `missing_header`, `malformed_header`, `clock_skew` or `wrong_signature`.
    pub cause: String,
    /// What was wrong, as the sender was told.
    pub detail: String,
    pub headers: BTreeMap<String, String>,
    /// The body as text; the dashboard gets only the beginning of a long one.
    pub body: String,
    /// The length of the whole body.
    pub body_bytes: u64,
    pub received_at: Timestamp,
}

/// Absent fields match everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HeldFilter {
    pub source: Option<String>,
    pub cause: Option<String>,
    /// Where a page begins; taken from the page before.
    pub cursor: Option<String>,
}

impl HeldFilter {
    /// Reads the fields through `get`; blank ones count as absent.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let field = |name: &str| get(name).filter(|value| !value.trim().is_empty());
        Self { source: field("source"), cause: field("cause"), cursor: field("cursor") }
    }

    /// The fields that are set, by their names in a URL.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let Self { source, cause, cursor } = self.clone();
        [("source", source), ("cause", cause), ("cursor", cursor)]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }

    pub fn narrows(&self) -> bool {
        self.source.is_some() || self.cause.is_some()
    }
}

/// A page of the quarantine, and what there is in all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quarantine {
    pub items: Vec<HeldView>,
    pub next_cursor: Option<String>,
    /// Each source that has deliveries here, and how many.
    pub sources: Vec<(String, u64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Settling {
    /// Check again with the secrets of today; take those that fit.
    Release,
    Delete,
}

/// What became of the deliveries that someone chose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settled {
    pub released: u32,
    pub deleted: u32,
    /// Those that stay.
    pub refused: u32,
    /// Why the last of those stays.
    pub reason: Option<String>,
    /// The event of the last one that was released.
    pub event: Option<String>,
}

impl Settled {
    /// In words; `None` when nothing was chosen.
    pub fn told(&self) -> Option<String> {
        let deliveries = |count: u32| match count {
            1 => "1 delivery".to_owned(),
            count => format!("{count} deliveries"),
        };
        let mut parts = Vec::new();
        match (self.released, self.deleted) {
            (0, 0) => {}
            (1, 0) => parts.push("Believed now: the delivery is an event.".to_owned()),
            (released, 0) => parts.push(format!("{released} deliveries are events now.")),
            (_, deleted) => parts.push(format!("{} deleted.", deliveries(deleted))),
        }
        if self.refused > 0 {
            let reason = self.reason.as_deref().unwrap_or("see its cause");
            parts.push(format!("{} left as it was: {reason}.", deliveries(self.refused)));
        }
        (!parts.is_empty()).then(|| parts.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_settled_is_told_in_a_sentence() {
        let told = |released, deleted, refused| {
            let reason = Some("the signature fits none".to_owned());
            Settled { released, deleted, refused, reason, event: None }.told()
        };
        assert_eq!(told(0, 0, 0), None);
        assert_eq!(told(0, 2, 0).as_deref(), Some("2 deliveries deleted."));
        assert_eq!(told(1, 0, 0).as_deref(), Some("Believed now: the delivery is an event."));
        assert_eq!(
            told(3, 0, 1).as_deref(),
            Some(
                "3 deliveries are events now. 1 delivery left as it was: the signature fits none."
            )
        );
    }
}
