//! Who may sign in, and who was asked to.

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// What people may be, from least to most.
pub const ROLES: [(&str, &str, &str); 3] = [
    ("viewer", "Viewer", "Sees all but the audit log and erasures, changes nothing."),
    (
        "operator",
        "Operator",
        "Also replays, repairs, sets up workflows, sources and keys, and reads the audit log.",
    ),
    ("owner", "Owner", "Also manages people and erases."),
];

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = User))]
#[serde(rename_all = "camelCase")]
pub struct UserView {
    pub id: String,
    pub email: String,
    /// `viewer`, `operator` or `owner`.
    pub role: String,
    pub created_at: Timestamp,
}

/// Someone who was asked in and has not come yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InvitationView {
    pub email: String,
    pub role: String,
    pub invited_by: String,
    pub expires_at: Timestamp,
}

/// All that the page about people shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct People {
    pub users: Vec<UserView>,
    pub invitations: Vec<InvitationView>,
    /// The one who looks.
    pub me: String,
}
