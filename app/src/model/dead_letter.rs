//! A failed event, as the dead letter list shows it, and which of them to show.

use serde::{Deserialize, Serialize};

use super::{BulkFilter, BulkView, EventError, GroupView, Page, Timestamp, WorkflowRef};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    /// The event's id.
    pub id: String,
    /// The event's place in the order of arrival.
    pub seq: i64,
    pub event_id: String,
    pub event_type: String,
    pub source: String,
    pub subject: Option<String>,
    pub received_at: Timestamp,
    pub failed_at: Timestamp,
    pub attempts: u32,
    pub error: EventError,
    pub payload_preview: String,
    /// The workflow whose run gave up.
    pub workflow: Option<WorkflowRef>,
    /// The group of failures it belongs to.
    pub group: Option<String>,
}

/// The dead letter page whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetters {
    pub letters: Page<DeadLetter>,
    /// How many fit the filter.
    pub matching: u64,
    /// What all of them failed for, whatever the filter.
    pub groups: Vec<GroupView>,
    /// Operations that are under way, have stopped, or were asked for, newest first.
    pub operations: Vec<BulkView>,
}

/// Which dead letters; absent fields match all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LetterFilter {
    /// A group of failures, `grp_…`.
    pub group: Option<String>,
    /// A pattern such as `order.*`.
    pub event_type: Option<String>,
    pub source: Option<String>,
    /// Those that an operation touched last, `blk_…`.
    pub bulk: Option<String>,
    /// Where a page begins; taken from the page before.
    pub cursor: Option<String>,
    /// An operation to be shown beside the list, `blk_…`.
    pub op: Option<String>,
}

impl LetterFilter {
    /// Reads the fields through `get`; blank ones count as absent.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let field = |name: &str| {
            get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        Self {
            group: field("group"),
            event_type: field("eventType"),
            source: field("source"),
            bulk: field("bulk"),
            cursor: field("cursor"),
            op: field("op"),
        }
    }

    /// The fields that narrow the list and are set, by their names in a URL.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        [
            ("group", &self.group),
            ("eventType", &self.event_type),
            ("source", &self.source),
            ("bulk", &self.bulk),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.clone()?)))
        .collect()
    }

    pub fn narrows(&self) -> bool {
        !self.pairs().is_empty()
    }

    /// The filter of an operation on these.
    pub fn of_operation(&self, ids: Vec<String>) -> BulkFilter {
        BulkFilter {
            status: Some(super::EventStatus::Failed),
            event_type: self.event_type.clone(),
            source: self.source.clone(),
            group: self.group.clone(),
            ids: (!ids.is_empty()).then_some(ids),
            ..BulkFilter::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_narrows_is_in_the_address_and_back() {
        let filter = LetterFilter {
            group: Some("grp_1".to_owned()),
            source: Some("shop".to_owned()),
            ..LetterFilter::default()
        };
        let pairs = filter.pairs();
        let read = LetterFilter::read(|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone())
        });
        assert_eq!(read, filter);
        assert!(filter.narrows());
        let op = LetterFilter { op: Some("blk_1".to_owned()), ..LetterFilter::default() };
        assert!(!op.narrows());
    }
}
