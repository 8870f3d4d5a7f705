//! What the payloads of each event type look like, learnt from those that come, and how that drifts.
//!
//! It is learnt behind intake, by a worker that follows the events as they were committed: nothing waits
//! for it, and what it has seen is kept with how far it has come, in one transaction. [`infer`] is pure,
//! so that the same events give the same shape.
//!
//! Invariant: a shape is bounded, whatever comes: so many fields, so deep, and names that are data (ids,
//! addresses) are folded into `*`. It never holds a value.

use crate::time::Timestamp;

pub(crate) mod follow;
pub mod infer;
pub mod read;

/// A change of the shape, and the event that brought it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    pub event_type: String,
    pub at: Timestamp,
    /// The event's id; it may have been removed since.
    pub event: String,
    /// Such as `customer.email` or `items[].price`.
    pub path: String,
    pub turn: String,
    pub was: Option<String>,
    pub became: Option<String>,
}
