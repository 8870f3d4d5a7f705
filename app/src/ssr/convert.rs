//! The engine's types as the dashboard and the API show them.

use std::collections::BTreeMap;

use crate::model::Timestamp;

mod events;
mod setup;

pub use events::*;
pub use setup::*;

pub fn time(at: engine::time::Timestamp) -> Timestamp {
    Timestamp(at.to_string())
}

/// What is counted is never less than nothing.
pub(super) fn number(count: i64) -> u64 {
    count.max(0).unsigned_abs()
}

pub(super) fn count(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

/// Those of one name as one, as HTTP reads them.
fn joined(headers: &[(String, String)]) -> BTreeMap<String, String> {
    let mut all = BTreeMap::<String, String>::new();
    for (name, value) in headers {
        all.entry(name.clone())
            .and_modify(|before| *before = format!("{before}, {value}"))
            .or_insert_with(|| value.clone());
    }
    all
}
