//! What a batch adds to the counters, summed up before it is written. Pure.

use std::collections::{BTreeMap, HashMap};

use crate::event::error_group::{self, ErrorGroup};
use crate::event::{EventRow, EventStatus};
use crate::run::RunStatus;
use crate::store::latency;
use crate::time::Timestamp;

#[derive(Default)]
pub(super) struct Tally {
    /// How many events, and how many bytes of payloads.
    statuses: [[i64; 2]; 4],
    /// The same for each status and source, where that is asked for; in the order of the keys, as for groups.
    sources: Option<BTreeMap<(&'static str, String), [i64; 2]>>,
    /// (minute, event type, source) → accepted, processed, failed.
    rollups: HashMap<(i64, String, String), [i64; 3]>,
    latencies: HashMap<(i64, i64), i64>,
    /// (hour, event type, bucket) → count.
    type_latencies: HashMap<(i64, String, i64), i64>,
    /// By id, so that all nodes lock the rows in one order.
    joined: BTreeMap<String, (ErrorGroup, i64)>,
    left: BTreeMap<String, i64>,
    /// (minute, workflow, bucket) → ended, of them failed.
    runs: HashMap<(i64, String, i64), [i64; 2]>,
    /// How long events took that have settled by themselves, in milliseconds.
    pub(super) took: Vec<i64>,
}

const ACCEPTED: usize = 0;
const PROCESSED: usize = 1;
const FAILED: usize = 2;

impl Tally {
    pub(super) fn new(by_source: bool) -> Self {
        Self { sources: by_source.then(BTreeMap::new), ..Self::default() }
    }

    /// Counts `count` events of one type and source that arrived in `minute`, with `bytes` of payloads.
    pub(super) fn arrived(
        &mut self,
        minute: i64,
        event_type: &str,
        source: &str,
        status: EventStatus,
        [count, bytes]: [i64; 2],
    ) {
        self.holds(status, source, count, bytes);
        let counts = self.rollup(minute, event_type, source);
        counts[ACCEPTED] += count;
        if status == EventStatus::Processed {
            counts[PROCESSED] += count;
        }
    }

    /// Counts the step from `before` to what `row` is now, and where that settles the event by itself, how
    /// long it took since then.
    pub(super) fn went(&mut self, before: EventStatus, row: &EventRow, since: Timestamp) {
        let Some(settled) = self.moved(before, row) else { return };
        let took = settled.millis_since(since);
        let (minute, bucket) = (settled.minute(), latency::bucket(took));
        *self.latencies.entry((minute, bucket)).or_default() += 1;
        let of_type = (minute.div_euclid(60), row.event_type.to_string(), bucket);
        *self.type_latencies.entry(of_type).or_default() += 1;
        self.took.push(took);
    }

    /// Counts the step from `before` to what `row` is now, which somebody may have done by hand; settled events
    /// count in the minute of their settling. When that was, if the step settled it.
    pub(super) fn moved(&mut self, before: EventStatus, row: &EventRow) -> Option<Timestamp> {
        if before == row.status {
            return None;
        }
        self.holds(before, &row.source, -1, -row.payload_bytes);
        self.holds(row.status, &row.source, 1, row.payload_bytes);
        let settled = row.processed_at?;
        let counted = match row.status {
            EventStatus::Processed => PROCESSED,
            EventStatus::Failed => FAILED,
            EventStatus::Pending | EventStatus::Processing => return None,
        };
        self.rollup(settled.minute(), row.event_type.as_str(), &row.source)[counted] += 1;
        Some(settled)
    }

    /// Counts the end of a run of `workflow`, by the time that it took. A cancelled one tells nothing
    /// of the workflow.
    pub(super) fn ended(
        &mut self,
        workflow: &str,
        status: RunStatus,
        from: Timestamp,
        to: Timestamp,
    ) {
        if !matches!(status, RunStatus::Succeeded | RunStatus::Failed) {
            return;
        }
        let bucket = latency::bucket(to.millis_since(from));
        let counts = self.runs.entry((to.minute(), workflow.to_owned(), bucket)).or_default();
        counts[0] += 1;
        counts[1] += i64::from(status == RunStatus::Failed);
    }

    /// Counts an event that is there no more.
    pub(super) fn left(&mut self, row: &EventRow) {
        self.holds(row.status, &row.source, -1, -row.payload_bytes);
        self.left_group(row);
    }

    fn holds(&mut self, status: EventStatus, source: &str, count: i64, bytes: i64) {
        let add = |held: &mut [i64; 2]| {
            held[0] += count;
            held[1] += bytes;
        };
        add(&mut self.statuses[status as usize]);
        if let Some(sources) = &mut self.sources {
            add(sources.entry((status.as_str(), source.to_owned())).or_default());
        }
    }

    /// Puts an event into the group of its failure, or takes it out. The row says where it was.
    pub(super) fn regrouped(&mut self, row: &mut EventRow) {
        let failed = row.error.as_ref().filter(|_| row.status == EventStatus::Failed);
        let group = failed.map(error_group::of);
        if group.as_ref().map(|group| &group.id) == row.error_group.as_ref() {
            return;
        }
        self.left_group(row);
        row.error_group = group.as_ref().map(|group| group.id.clone());
        if let Some(group) = group {
            self.joined.entry(group.id.clone()).or_insert((group, 0)).1 += 1;
        }
    }

    fn left_group(&mut self, row: &EventRow) {
        if let Some(group) = &row.error_group {
            *self.left.entry(group.clone()).or_default() += 1;
        }
    }

    /// Groups with how many events came into them.
    pub(super) fn joined(&self) -> impl Iterator<Item = (&ErrorGroup, i64)> {
        self.joined.values().map(|(group, count)| (group, *count))
    }

    /// Groups with how many events went out of them.
    pub(super) fn left_groups(&self) -> impl Iterator<Item = (&str, i64)> {
        self.left.iter().map(|(group, count)| (group.as_str(), *count))
    }

    fn rollup(&mut self, minute: i64, event_type: &str, source: &str) -> &mut [i64; 3] {
        self.rollups.entry((minute, event_type.to_owned(), source.to_owned())).or_default()
    }

    pub(super) fn statuses(&self) -> impl Iterator<Item = (&'static str, i64, i64)> {
        let deltas =
            EventStatus::ALL.into_iter().map(|status| (status, self.statuses[status as usize]));
        let changed = deltas.filter(|(_, delta)| *delta != [0, 0]);
        changed.map(|(status, [count, bytes])| (status.as_str(), count, bytes))
    }

    pub(super) fn sources(&self) -> impl Iterator<Item = (&'static str, &str, i64, i64)> {
        let changed = self.sources.iter().flatten().filter(|(_, delta)| **delta != [0, 0]);
        changed.map(|((status, source), [count, bytes])| (*status, source.as_str(), *count, *bytes))
    }

    pub(super) fn rollups(&self) -> impl Iterator<Item = (i64, &str, &str, i64, i64, i64)> {
        self.rollups.iter().map(|((minute, event_type, source), [accepted, processed, failed])| {
            (*minute, event_type.as_str(), source.as_str(), *accepted, *processed, *failed)
        })
    }

    pub(super) fn runs(&self) -> impl Iterator<Item = (i64, &str, i64, i64, i64)> {
        self.runs.iter().map(|((minute, workflow, bucket), [ended, failed])| {
            (*minute, workflow.as_str(), *bucket, *ended, *failed)
        })
    }

    pub(super) fn latencies(&self) -> impl Iterator<Item = (i64, i64, i64)> {
        self.latencies.iter().map(|((minute, bucket), count)| (*minute, *bucket, *count))
    }

    pub(super) fn type_latencies(&self) -> impl Iterator<Item = (i64, &str, i64, i64)> {
        self.type_latencies.iter().map(|((hour, event_type, bucket), count)| {
            (*hour, event_type.as_str(), *bucket, *count)
        })
    }
}
