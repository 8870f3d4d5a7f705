//! Which events to show: the same words in the page's URL, the REST list and the stream.

use serde::{Deserialize, Serialize};

use super::{EventItem, EventStatus};

/// The choice of times that are given one by one, among those of [`EventFilter::within`].
pub const CUSTOM: &str = "custom";

/// What a form without a script sends has no zone: such a time is UTC.
fn with_zone(time: String) -> String {
    if time.len() == "2025-11-24T09:41".len() { format!("{time}:00Z") } else { time }
}

/// Absent fields match everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EventFilter {
    /// A pattern such as `order.*`.
    pub event_type: Option<String>,
    pub source: Option<String>,
    pub status: Option<EventStatus>,
    /// An event's id, or its beginning.
    pub q: Option<String>,
    /// What the payload says: words, and values at a path such as `order.total = 12`.
    pub search: Option<String>,
    /// Received within this long until now, such as `24h`; then `from` and `to` do not count.
    pub within: Option<String>,
    /// Received at this time or later, in RFC 3339.
    pub from: Option<String>,
    /// Received before this time, in RFC 3339.
    pub to: Option<String>,
    /// Where a page begins; taken from the page before.
    pub cursor: Option<String>,
    /// How many at most, where it is not a page that is asked for; no part of an address.
    pub limit: Option<u32>,
}

/// A stretch until now, or else two times, as a form or an address says them: `within`, `from` and `to`.
pub(super) fn stretch(field: impl Fn(&str) -> Option<String>) -> [Option<String>; 3] {
    let within = field("within").filter(|within| within != CUSTOM);
    let time = |name: &str| field(name).filter(|_| within.is_none()).map(with_zone);
    let (from, to) = (time("from"), time("to"));
    [within, from, to]
}

impl EventFilter {
    /// Reads the fields through `get`; blank ones count as absent, an unknown status as any.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let field = |name: &str| {
            get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        let [within, from, to] = stretch(field);
        Self {
            event_type: field("eventType"),
            source: field("source"),
            status: field("status").and_then(|status| status.parse().ok()),
            q: field("q"),
            search: field("search"),
            from,
            to,
            within,
            cursor: field("cursor"),
            limit: None,
        }
    }

    /// The fields that are set, by their names in a URL.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        [
            ("eventType", self.event_type.clone()),
            ("source", self.source.clone()),
            ("status", self.status.map(|status| status.to_string())),
            ("q", self.q.clone()),
            ("search", self.search.clone()),
            ("within", self.within.clone()),
            ("from", self.from.clone()),
            ("to", self.to.clone()),
            ("cursor", self.cursor.clone()),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }

    /// The same events, from the newest.
    pub fn newest(&self) -> Self {
        Self { cursor: None, ..self.clone() }
    }

    pub fn older(&self, cursor: String) -> Self {
        Self { cursor: Some(cursor), ..self.clone() }
    }

    /// What the stream is asked for: the status is checked where rows are shown, because a row that
    /// leaves it must still change; and what comes from now on is within any time until now.
    pub fn of_the_stream(&self) -> Self {
        Self { status: None, within: None, ..self.newest() }
    }

    pub fn narrows(&self) -> bool {
        self.newest() != Self::default()
    }

    /// Whether a changed event still belongs in the list.
    ///
    /// Only the status can change after the server chose the event.
    pub fn admits(&self, event: &EventItem) -> bool {
        self.status.is_none_or(|status| status == event.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_fields_are_absent() {
        let filter = EventFilter::read(|name| (name == "q").then(|| "  ".to_owned()));
        assert_eq!(filter, EventFilter::default());
        assert!(!filter.narrows());
    }

    #[test]
    fn times_count_only_when_no_stretch_is_chosen() {
        let asked = |within: &'static str| {
            EventFilter::read(move |name| match name {
                "within" => Some(within.to_owned()),
                "from" => Some("2025-11-24T09:41".to_owned()),
                _ => None,
            })
        };
        assert_eq!(asked("1h").from, None);
        let custom = asked(CUSTOM);
        assert_eq!((custom.within, custom.from.as_deref()), (None, Some("2025-11-24T09:41:00Z")));
    }

    #[test]
    fn pairs_read_back_as_the_same_filter() {
        let filter = EventFilter {
            event_type: Some("order.*".to_owned()),
            status: Some(EventStatus::Failed),
            search: Some("order.total = 12".to_owned()),
            cursor: Some("c".to_owned()),
            ..EventFilter::default()
        };
        let pairs = filter.pairs();
        let read = EventFilter::read(|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone())
        });
        assert_eq!(read, filter);
    }
}
