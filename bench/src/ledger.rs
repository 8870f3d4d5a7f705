//! What was acknowledged, held against what the server lists.
//!
//! Invariant: an event counts as kept only when the server lists it under the
//! very id that it acknowledged.

use std::collections::{HashMap, HashSet};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::load::{Acknowledged, MATCHED, number_of};
use crate::sluice::Sluice;

/// The difference between promise and fact; `Verdict::default()` is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Acknowledged, and not in the list.
    pub lost: usize,
    /// Events that are in the list more than once.
    pub doubled: usize,
    /// Events with a workflow that do not have exactly one run.
    pub wrong_runs: usize,
    /// In the list although the sender was never told: allowed.
    pub unacknowledged: usize,
}

impl Verdict {
    pub fn holds(&self) -> bool {
        self.lost == 0 && self.doubled == 0 && self.wrong_runs == 0
    }

    /// Of two verdicts on the same events, the worse in each respect.
    #[must_use]
    pub fn worse(&self, other: &Self) -> Self {
        Self {
            lost: self.lost.max(other.lost),
            doubled: self.doubled.max(other.doubled),
            wrong_runs: self.wrong_runs.max(other.wrong_runs),
            unacknowledged: self.unacknowledged.max(other.unacknowledged),
        }
    }

    pub fn add(&mut self, other: &Self) {
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.wrong_runs += other.wrong_runs;
        self.unacknowledged += other.unacknowledged;
    }
}

/// Compares the acknowledged events with the list, from number `first` on.
pub async fn compare(
    sluice: &Sluice,
    key: &str,
    acknowledged: &[Acknowledged],
    first: u64,
) -> Result<Verdict> {
    let older = |item: &Value| item_number(item).is_some_and(|number| number < first);
    let mut items = sluice.list(key, older).await?;
    items.retain(|item| item_number(item).is_some_and(|number| number >= first));
    judge(&items, acknowledged)
}

fn judge(items: &[Value], acknowledged: &[Acknowledged]) -> Result<Verdict> {
    let mut ids = HashMap::new();
    let mut verdict = Verdict::default();
    for item in items {
        let id = item["id"].as_str().context("an item without an id")?;
        if ids.insert(item_number(item), id).is_some() {
            verdict.doubled += 1;
        }
        let runs = item["runs"].as_array().map(Vec::len);
        if item["eventType"] == MATCHED && runs.is_some_and(|runs| runs != 1) {
            verdict.wrong_runs += 1;
        }
    }
    let told: HashSet<u64> = acknowledged.iter().map(|a| a.number).collect();
    let kept = |a: &&Acknowledged| ids.get(&Some(a.number)).is_some_and(|id| *id == a.id);
    verdict.lost = acknowledged.iter().filter(|a| !kept(a)).count();
    verdict.unacknowledged = ids.keys().flatten().filter(|number| !told.contains(number)).count();
    Ok(verdict)
}

fn item_number(item: &Value) -> Option<u64> {
    number_of(item["eventId"].as_str()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::load::event_id;

    #[test]
    fn lost_doubled_and_unacknowledged_events_are_told_apart() {
        let item = |number: u64, id: &str| json!({ "id": id, "eventId": event_id(number) });
        let told = |number, id: &str| Acknowledged { number, id: id.into() };
        let items = [item(1, "a"), item(2, "b"), item(2, "c"), item(3, "d")];
        let verdict = judge(&items, &[told(1, "a"), told(2, "c"), told(4, "e")]).unwrap();
        let expected = Verdict { lost: 1, doubled: 1, wrong_runs: 0, unacknowledged: 1 };
        assert_eq!(verdict, expected);
    }
}
