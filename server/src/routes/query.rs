//! What a request says in its address: ids and names in the path, and query parameters.

use app::model::{EventStatus, Timestamp as Moment};
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use engine::event::{EventFilter, Pattern};
use engine::id::InvalidId;
use engine::search::Search;
use engine::time::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use crate::problem::{Code, Problem};

/// Which events; every condition must hold.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct EventQuery {
    /// A pattern: `order.*` is one more segment, `order.**` one or more, `*` every type.
    #[param(max_length = 255)]
    event_type: Option<String>,
    /// Who sent the event.
    source: Option<String>,
    #[param(value_type = Option<EventStatus>, inline)]
    status: Option<String>,
    /// Received at this time or later.
    #[param(value_type = Option<Moment>, inline)]
    from: Option<String>,
    /// Received before this time.
    #[param(value_type = Option<Moment>, inline)]
    to: Option<String>,
    /// An event's id, its sender's id, or the beginning of one.
    q: Option<String>,
    /// What the payload says: words, and values at a path such as `order.total = 12` or
    /// `customer.email = "a@b.c"`. All of it must be there; lists do not count as steps of a path, and
    /// case never counts. Words of three letters or more are found by their beginning too, values by one
    /// that ends in `*`. The index follows a moment behind, see `searchBehind` of the stats.
    #[param(max_length = 500)]
    search: Option<String>,
    /// A group of dead letters, `grp_…`.
    group: Option<String>,
    /// An operation on many events, `blk_…`: those that it touched last.
    #[param(pattern = "^blk_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    bulk: Option<String>,
    /// `true` for those that nobody may remove, `false` for the others.
    held: Option<bool>,
    /// `nextCursor` of the page before.
    #[param(pattern = "^[0-9]{1,18}$")]
    cursor: Option<String>,
    /// How many at most. More than 500 count as 500.
    #[param(minimum = 0, default = 100)]
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
        let search = given(&self.search).map(|text| Search::parse(&text));
        let bulk = given(&self.bulk).map(|text| text.parse());
        Ok(EventFilter {
            event_type: event_type.transpose().map_err(|error| wrong("eventType", error))?,
            source: given(&self.source),
            status: status.transpose().map_err(|error| wrong("status", error))?,
            from: time("from", &self.from)?,
            to: time("to", &self.to)?,
            id: given(&self.q),
            search: search.transpose().map_err(|error| wrong("search", error))?,
            group: given(&self.group),
            bulk: bulk.transpose().map_err(|error: InvalidId| wrong("bulk", error))?,
            held: self.held,
            ..EventFilter::default()
        })
    }

    pub(crate) fn cursor(&self) -> Result<Option<i64>, Problem> {
        number("cursor", self.cursor.as_deref())
    }

    pub(crate) fn limit(&self) -> u64 {
        self.limit.unwrap_or(DEFAULT_LIMIT)
    }
}

/// A cursor that is a number; empty is none.
pub(crate) fn number(name: &str, text: Option<&str>) -> Result<Option<i64>, Problem> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let parsed = text.parse().map_err(|_| wrong(name, "take it from `nextCursor` as it is"))?;
    Ok(Some(parsed))
}

/// A cursor that is an id; empty is none.
pub(crate) fn before_id<T>(cursor: Option<&str>) -> Result<Option<T>, Problem>
where
    T: std::str::FromStr<Err = InvalidId>,
{
    let cursor = cursor.filter(|cursor| !cursor.is_empty());
    cursor.map(str::parse).transpose().map_err(|error| wrong("cursor", error))
}

pub(crate) fn wrong(parameter: &str, error: impl std::fmt::Display) -> Problem {
    Problem::new(Code::InvalidParameter, format!("`{parameter}`: {error}"))
}

/// Query parameters; a problem names the one that does not fit.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::from_request_parts(parts, state).await;
        query.map(|Query(asked)| Self(asked)).map_err(|error| wrong("query", error.body_text()))
    }
}

/// The name in the path. What is not UTF-8, or has a NUL in it, names nothing.
pub(crate) struct Name(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(name)) if name.contains('\0') => {
                Err(Problem::new(Code::NotFound, "Nothing has a name with a NUL character."))
            }
            Ok(Path(name)) => Ok(Self(name)),
            Err(error) => Err(Problem::new(Code::NotFound, error.body_text())),
        }
    }
}

/// The id in the path. What is no id names nothing.
pub(crate) struct Named<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for Named<T>
where
    T: std::str::FromStr<Err = InvalidId>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Name(text) = Name::from_request_parts(parts, state).await?;
        let id = text.parse().map_err(|error: InvalidId| error.to_string());
        id.map(Self).map_err(|error| Problem::new(Code::NotFound, error))
    }
}
