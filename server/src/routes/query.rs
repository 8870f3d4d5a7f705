//! Query parameters that several lists share.

use engine::event::Pattern;
use engine::event::read::EventFilter;
use engine::time::Timestamp;
use serde::Deserialize;

use crate::problem::{Code, Problem};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct EventQuery {
    event_type: Option<String>,
    source: Option<String>,
    status: Option<String>,
    from: Option<String>,
    to: Option<String>,
    q: Option<String>,
    cursor: Option<String>,
    limit: Option<u64>,
}

const DEFAULT_LIMIT: u64 = 100;

impl EventQuery {
    /// The filter; an empty parameter is no condition.
    pub(crate) fn filter(&self) -> Result<EventFilter, Problem> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let time = |name: &str, text: &Option<String>| {
            given(text).map(|text| Timestamp::parse(&text).map_err(|e| wrong(name, e))).transpose()
        };
        let event_type = given(&self.event_type).map(|text| Pattern::parse(&text));
        let status = given(&self.status).map(|text| text.parse());
        Ok(EventFilter {
            event_type: event_type.transpose().map_err(|error| wrong("eventType", error))?,
            source: given(&self.source),
            status: status.transpose().map_err(|error| wrong("status", error))?,
            from: time("from", &self.from)?,
            to: time("to", &self.to)?,
            id: given(&self.q),
        })
    }

    pub(crate) fn cursor(&self) -> Result<Option<i64>, Problem> {
        let Some(text) = self.cursor.as_deref().filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let parsed =
            text.parse().map_err(|_| wrong("cursor", "take it from `nextCursor` as it is"))?;
        Ok(Some(parsed))
    }

    pub(crate) fn limit(&self) -> u64 {
        self.limit.unwrap_or(DEFAULT_LIMIT)
    }
}

pub(crate) fn wrong(parameter: &str, error: impl std::fmt::Display) -> Problem {
    Problem::new(Code::InvalidParameter, format!("`{parameter}`: {error}"))
}

/// An id from the path; what is no id names nothing.
pub(crate) fn id<T: std::str::FromStr<Err = engine::id::InvalidId>>(
    text: &str,
) -> Result<T, Problem> {
    text.parse()
        .map_err(|error: engine::id::InvalidId| Problem::new(Code::NotFound, error.to_string()))
}
