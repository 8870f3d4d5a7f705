//! Erasing what there is about somebody: what it would take, and the receipt.

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// An erasure under way, and afterwards its receipt. It does not say about whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = Erasure))]
#[serde(rename_all = "camelCase")]
pub struct ErasureView {
    /// `ers_…`
    pub id: String,
    /// `running`, `cleaning` (all is deleted; the database is being written anew, or will be at the next
    /// start, where it is large), `finished`, or `stopped`, when the key was changed under it.
    pub state: String,
    /// `subject` or `payload`.
    pub kind: String,
    /// Where in the payload.
    pub path: Option<String>,
    /// HMAC-SHA256 of what was looked for, under a key of this installation; `dryRun` gives the same.
    pub value_hash: String,
    pub events: u64,
    pub runs: u64,
    /// Of payloads.
    pub bytes: u64,
    /// Events that fit and stay, because they are held.
    pub held: u64,
    /// Deliveries in quarantine.
    pub deliveries: u64,
    /// SHA-256 over the ids that were erased, in their order.
    pub digest: String,
    pub created_by: String,
    pub created_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}

/// What an erasure would take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ErasurePlan {
    /// Always `true`: nothing was changed.
    pub dry_run: bool,
    /// Receipts about the same have the same.
    pub value_hash: String,
    pub events: u64,
    pub runs: u64,
    /// Of payloads.
    pub bytes: u64,
    /// Events that fit and would stay, because they are held.
    pub held: u64,
    /// Deliveries in quarantine.
    pub deliveries: u64,
}
