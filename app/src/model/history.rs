//! What became of an event, turn by turn, and how it differs from the one before of its type.

use serde::{Deserialize, Serialize};

use super::Timestamp;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// The earliest first.
    pub turns: Vec<Turn>,
    /// Absent where there is no event of this type before.
    pub changes: Option<Changes>,
}

/// Something that happened to an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    pub at: Timestamp,
    /// What it looks like: a status such as `processed`, or nothing for what is neither good nor bad.
    pub status: String,
    pub says: String,
    /// The event that it speaks of.
    pub event: Option<String>,
}

/// How a payload differs from that of an earlier event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// The earlier event's id.
    pub event: String,
    pub at: Timestamp,
    /// In the order of their paths.
    pub lines: Vec<ChangeLine>,
    /// Differences that are not among the lines.
    pub more: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeLine {
    pub path: String,
    pub before: Option<String>,
    pub after: Option<String>,
}
