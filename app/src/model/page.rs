//! One page of a list.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Passed back as `cursor`, gives the next page; absent on the last.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A page of at most `limit`; where it is full, there may be more after the one with the id `last`.
    pub fn up_to(limit: u64, items: Vec<T>, last: Option<String>) -> Self {
        let full = items.len() as u64 == limit;
        Self { items, next_cursor: last.filter(|_| full) }
    }

    /// A list that is always whole.
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next_cursor: None }
    }
}
