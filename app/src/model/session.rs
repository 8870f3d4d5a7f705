//! Who is signed in.

use serde::{Deserialize, Serialize};

use super::Stats;

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
