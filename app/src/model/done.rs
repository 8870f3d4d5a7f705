//! What actions of the dashboard came to: enough to say it, and to take it back.

use serde::{Deserialize, Serialize};

/// A workflow was turned on or off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switched {
    pub id: String,
    pub name: String,
    /// Whether it is on now.
    pub on: bool,
}

/// An event was let go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    pub id: String,
    /// Why it was held; blank where nobody said.
    pub note: String,
}

/// An alert rule was muted, or speaks again. Lengths are as in `1h`, and blank where it is not muted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Muted {
    pub id: String,
    pub name: String,
    pub length: String,
    /// For how much longer it had been muted.
    pub before: String,
}

/// Someone has another role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleGiven {
    pub id: String,
    pub email: String,
    pub role: String,
    pub before: String,
}
