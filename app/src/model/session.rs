//! Who is signed in.

use serde::{Deserialize, Serialize};

use super::{Stats, Timestamp};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub email: String,
    /// `owner`, or what the owner gave them.
    pub role: String,
}

/// What every page's frame shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    pub user: User,
    pub stats: Stats,
}

/// In the place of a session's name: all but the one by which it is asked.
pub const OTHERS: &str = "others";

/// A session of whoever looks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BegunSession {
    /// Names it without letting anyone in.
    pub id: String,
    /// What the browser said that it is.
    pub client: String,
    /// `Firefox on Linux`.
    pub browser: String,
    /// Where it was at sign-in.
    pub address: String,
    pub created_at: Timestamp,
    /// To the hour.
    pub used_at: Timestamp,
    /// The one by which this is read.
    pub own: bool,
}
