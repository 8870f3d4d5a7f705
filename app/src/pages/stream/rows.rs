//! The rows on screen, and those held back while someone reads.
//!
//! Invariant: an event is in at most one of the two, both are newest first, and neither grows
//! beyond its bound. What is done for each event that comes in does not look through them all.

use std::{collections::VecDeque, ops::Range, sync::Arc};

use crate::model::{EventFilter, EventItem, Page};

/// Rows that a tab has the memory for; few of them are in the document, see [`super::window`].
pub const MOST: usize = 100_000;
/// Of those that come within a second, so many are pointed out.
const POINTED_OUT: usize = 3;
/// Rows that wait; of more, the newest.
const MOST_HELD: usize = 500;

/// An event of the list. Its place is fixed, what it shows is not.
#[derive(Clone, Debug)]
pub struct Row {
    pub seq: i64,
    /// The round in which the stream last spoke of it.
    round: u64,
    /// Came in while the page was open.
    pub fresh: bool,
    pub item: Arc<EventItem>,
}

impl Row {
    fn new(item: EventItem, round: u64, fresh: bool) -> Self {
        Self { seq: item.seq, round, fresh, item: Arc::new(item) }
    }

    fn show(&mut self, item: EventItem, round: u64) {
        self.round = round;
        if *self.item != item {
            self.item = Arc::new(item);
        }
    }
}

#[derive(Clone, Debug)]
pub struct Rows {
    shown: VecDeque<Row>,
    /// Waiting to be asked for.
    held: VecDeque<Row>,
    /// Held once, but more than fit.
    dropped: u64,
    /// There are events between `shown` and `held` that are in neither.
    gap: bool,
    /// Counts what the stream said, so that a page fetched meanwhile does not undo it.
    round: u64,
    /// The newest event that was here when something was missed.
    missed_after: Option<i64>,
    pub next_cursor: Option<String>,
}

/// What was known when a page was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    round: u64,
    missed_after: i64,
}

impl Rows {
    pub fn of(page: Page<EventItem>) -> Self {
        Self {
            shown: page.items.into_iter().map(|item| Row::new(item, 0, false)).collect(),
            held: VecDeque::new(),
            dropped: 0,
            gap: false,
            round: 0,
            missed_after: None,
            next_cursor: page.next_cursor,
        }
    }

    /// An event arrived or changed: a row that shows it follows at once, a new one is held back
    /// while `hold`.
    pub fn take(&mut self, item: EventItem, filter: &EventFilter, hold: bool) {
        self.round += 1;
        let round = self.round;
        match self.find(item.seq) {
            Some(row) => row.show(item, round),
            None => self.admit(item, filter, hold),
        }
    }

    /// An event changed: only rows that are here follow.
    pub fn change(&mut self, item: EventItem) {
        self.round += 1;
        let round = self.round;
        if let Some(row) = self.find(item.seq) {
            row.show(item, round);
        }
    }

    pub fn len(&self) -> usize {
        self.shown.len()
    }

    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// Some of the rows on screen.
    pub fn some(&self, range: Range<usize>) -> Vec<Row> {
        let range = range.start.min(self.len())..range.end.min(self.len());
        self.shown.range(range).cloned().collect()
    }

    /// What the row with this number shows now.
    pub fn item(&self, seq: i64) -> Option<Arc<EventItem>> {
        let at = place(&self.shown, seq).ok()?;
        Some(Arc::clone(&self.shown[at].item))
    }

    /// How many rows are above the one with this number.
    pub fn above(&self, seq: i64) -> Option<usize> {
        place(&self.shown, seq).ok()
    }

    fn find(&mut self, seq: i64) -> Option<&mut Row> {
        match place(&self.shown, seq) {
            Ok(at) => self.shown.get_mut(at),
            Err(_) => place(&self.held, seq).ok().and_then(|at| self.held.get_mut(at)),
        }
    }

    fn admit(&mut self, item: EventItem, filter: &EventFilter, hold: bool) {
        let last = self.shown.back().filter(|_| self.next_cursor.is_some());
        let on_older_page = last.is_some_and(|last| last.seq > item.seq);
        if on_older_page || !filter.admits(&item) {
            return;
        }
        let list = if hold { &mut self.held } else { &mut self.shown };
        let fresh = is_calm(list, &item);
        insert(list, Row::new(item, self.round, fresh));
        if hold { self.clip_held() } else { self.clip() }
    }

    /// Something was missed after what is here now.
    pub fn miss(&mut self) {
        let newest = self.held.front().into_iter().chain(self.shown.front()).map(|row| row.seq);
        let newest = newest.max().unwrap_or(i64::MIN);
        self.missed_after.get_or_insert(newest);
    }

    /// Where things stand as the newest page is being asked for.
    pub fn asking(&mut self) -> Asked {
        Asked { round: self.round, missed_after: self.missed_after.take().unwrap_or(i64::MIN) }
    }

    /// The page did not come: what was missed still is.
    pub fn still_missing(&mut self, asked: Asked) {
        let missed_after = self.missed_after.get_or_insert(asked.missed_after);
        *missed_after = asked.missed_after.min(*missed_after);
    }

    /// Takes in the page that was asked for.
    pub fn catch_up(
        &mut self,
        page: Page<EventItem>,
        asked: Asked,
        filter: &EventFilter,
        hold: bool,
    ) {
        let oldest = page.items.last().map_or(i64::MIN, |item| item.seq);
        let mut next_cursor = None;
        if page.next_cursor.is_some() && oldest > asked.missed_after {
            // What lies between is on older pages now.
            self.held.retain(|row| row.seq >= oldest);
            self.dropped = 0;
            self.gap = hold;
            if !hold {
                self.shown.retain(|row| row.seq >= oldest);
                // While there is none, every row of the page finds its place.
                self.next_cursor = None;
                next_cursor = page.next_cursor;
            }
        }
        for item in page.items.into_iter().rev() {
            match self.find(item.seq) {
                Some(row) if row.round > asked.round => {}
                Some(row) => row.show(item, asked.round),
                None => self.admit(item, filter, hold),
            }
        }
        self.next_cursor = self.next_cursor.take().or(next_cursor);
    }

    /// The same after a while in which nobody looked, with the newest page: what is not on it any more, where
    /// it would be, has gone or does not fit any more.
    pub fn brought_up(mut self, page: Page<EventItem>, filter: &EventFilter, hold: bool) -> Self {
        let oldest = page.items.last().filter(|_| page.next_cursor.is_some());
        let oldest = oldest.map_or(i64::MIN, |item| item.seq);
        let is_there = |row: &Row| page.items.iter().any(|item| item.seq == row.seq);
        for list in [&mut self.shown, &mut self.held] {
            list.retain(|row| row.seq < oldest || is_there(row));
        }
        self.miss();
        let asked = self.asking();
        self.catch_up(page, asked, filter, hold);
        self
    }

    pub fn held_count(&self) -> u64 {
        self.held.len() as u64 + self.dropped
    }

    /// Shows what was held back.
    pub fn reveal(&mut self) {
        if std::mem::take(&mut self.gap) {
            self.shown.clear();
            self.next_cursor = self.held.back().map(|row| row.seq.to_string());
        }
        let few = self.held.len() <= POINTED_OUT;
        while let Some(row) = self.held.pop_back() {
            insert(&mut self.shown, Row { fresh: row.fresh && few, ..row });
        }
        self.dropped = 0;
        self.clip();
    }

    /// Puts the next page below; it goes on from where the list ended.
    pub fn append(&mut self, page: Page<EventItem>) {
        for item in page.items {
            if self.find(item.seq).is_none() {
                insert(&mut self.shown, Row::new(item, self.round, false));
            }
        }
        self.next_cursor = page.next_cursor;
    }

    /// Lets go of the oldest rows.
    fn clip(&mut self) {
        if self.shown.len() > MOST {
            self.shown.truncate(MOST);
            self.next_cursor = self.shown.back().map(|row| row.seq.to_string());
        }
    }

    fn clip_held(&mut self) {
        if self.held.len() > MOST_HELD {
            self.held.truncate(MOST_HELD);
            self.dropped += 1;
            self.gap = true;
        }
    }
}

/// Whether few have come in the second before this one: of many nobody sees which are new.
fn is_calm(rows: &VecDeque<Row>, item: &EventItem) -> bool {
    let Some(before) = rows.get(POINTED_OUT - 1) else { return true };
    item.received_at.since(&before.item.received_at).is_none_or(|millis| millis >= 1_000)
}

/// Where the row with this number is, or would be.
fn place(rows: &VecDeque<Row>, seq: i64) -> Result<usize, usize> {
    rows.binary_search_by(|row| seq.cmp(&row.seq))
}

/// Puts the row in its place; quick near either end.
fn insert(rows: &mut VecDeque<Row>, row: Row) {
    let at = place(rows, row.seq).unwrap_or_else(|at| at);
    rows.insert(at, row);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EventStatus, Timestamp};

    fn item(number: u32, status: EventStatus) -> EventItem {
        EventItem {
            id: format!("evt_{number:05}"),
            seq: number.into(),
            event_id: number.to_string(),
            event_type: "order.created".to_owned(),
            source: "shop".to_owned(),
            subject: None,
            status,
            occurred_at: None,
            received_at: Timestamp("2025-11-24T09:41:07.088Z".to_owned()),
            processed_at: None,
            payload_preview: "{}".to_owned(),
            error: None,
            attempts: 0,
            replay_of: None,
            held: false,
            runs: Vec::new(),
        }
    }

    fn page(numbers: impl IntoIterator<Item = u32>, next: Option<&str>) -> Page<EventItem> {
        let items = numbers.into_iter().map(|number| item(number, EventStatus::Pending)).collect();
        Page { items, next_cursor: next.map(str::to_owned) }
    }

    fn shown(rows: &Rows) -> Vec<u32> {
        rows.shown.iter().filter_map(|row| row.seq.try_into().ok()).collect()
    }

    #[test]
    fn new_events_find_their_place_and_old_ones_stay_away() {
        let (mut rows, any) = (Rows::of(page([30, 20], Some("c"))), EventFilter::default());
        for number in [40, 25, 10] {
            rows.take(item(number, EventStatus::Pending), &any, false);
        }
        assert_eq!(shown(&rows), [40, 30, 25, 20]);
        assert_eq!([40, 25, 10].map(|number| rows.above(number)), [Some(0), Some(2), None]);
    }

    #[test]
    fn of_many_that_come_only_the_first_are_pointed_out() {
        let (mut rows, any) = (Rows::of(page([], None)), EventFilter::default());
        for number in 0..6 {
            let received_at = Timestamp(format!("2025-11-24T09:41:07.{number}00Z"));
            rows.take(EventItem { received_at, ..item(number, EventStatus::Pending) }, &any, false);
        }
        let later = Timestamp("2025-11-24T09:41:08.500Z".to_owned());
        let later = EventItem { received_at: later, ..item(6, EventStatus::Pending) };
        rows.take(later, &any, false);
        let fresh: Vec<_> = rows.shown.iter().rev().map(|row| row.fresh).collect();
        assert_eq!(fresh, [true, true, true, false, false, false, true]);
    }

    #[test]
    fn changes_reach_the_row_even_out_of_the_filter() {
        let filter = EventFilter { status: Some(EventStatus::Pending), ..EventFilter::default() };
        let mut rows = Rows::of(page([20], None));
        rows.take(item(20, EventStatus::Processed), &filter, false);
        rows.take(item(21, EventStatus::Processed), &filter, false);
        assert_eq!(shown(&rows), [20]);
        assert_eq!(rows.shown[0].item.status, EventStatus::Processed);
    }

    #[test]
    fn held_rows_wait_and_then_come_in_order() {
        let (mut rows, any) = (Rows::of(page([20], None)), EventFilter::default());
        for number in [22, 21, 22] {
            rows.take(item(number, EventStatus::Pending), &any, true);
        }
        assert_eq!((shown(&rows), rows.held_count()), (vec![20], 2));
        rows.reveal();
        assert_eq!((shown(&rows), rows.held_count()), (vec![22, 21, 20], 0));
        assert!(rows.shown[0].fresh && rows.shown[1].fresh);
    }

    #[test]
    fn many_that_waited_are_not_pointed_out() {
        let (mut rows, any) = (Rows::of(page([], None)), EventFilter::default());
        for number in 1..=4 {
            let received_at = Timestamp(format!("2025-11-24T09:41:0{number}.000Z"));
            rows.take(EventItem { received_at, ..item(number, EventStatus::Pending) }, &any, true);
        }
        rows.reveal();
        assert!(rows.shown.iter().all(|row| !row.fresh));
    }

    #[test]
    fn neither_list_grows_without_bound() {
        let (mut rows, any) = (Rows::of(page([1], None)), EventFilter::default());
        for number in 2..=100_500 {
            rows.take(item(number, EventStatus::Pending), &any, false);
        }
        assert_eq!((rows.len(), rows.next_cursor.as_deref()), (MOST, Some("501")));
        for number in 100_501..=101_500 {
            rows.take(item(number, EventStatus::Pending), &any, true);
        }
        assert_eq!(rows.held_count(), 1_000);
        rows.reveal();
        assert_eq!(shown(&rows), (101_001..=101_500).rev().collect::<Vec<_>>());
        assert_eq!(rows.next_cursor.as_deref(), Some("101001"));
    }

    #[test]
    fn rows_are_shown_in_part_and_found_by_their_number() {
        let mut rows = Rows::of(page((1..=300).rev(), None));
        let part: Vec<_> = rows.some(298..900).iter().map(|row| row.seq).collect();
        assert_eq!(part, [2, 1]);
        rows.take(item(150, EventStatus::Failed), &EventFilter::default(), true);
        assert_eq!(rows.item(150).map(|item| item.status), Some(EventStatus::Failed));
        assert!(rows.item(301).is_none());
    }

    fn catch_up(rows: &mut Rows, numbers: impl IntoIterator<Item = u32>, next: &str, hold: bool) {
        rows.miss();
        let asked = rows.asking();
        rows.catch_up(page(numbers, Some(next)), asked, &EventFilter::default(), hold);
    }

    #[test]
    fn after_a_gap_the_newest_page_replaces_the_rows() {
        let mut rows = Rows::of(page([20, 10], Some("c")));
        catch_up(&mut rows, [21, 20], "d", false);
        assert_eq!((shown(&rows), rows.next_cursor.as_deref()), (vec![21, 20, 10], Some("c")));
        catch_up(&mut rows, [90, 80], "e", true);
        assert_eq!(rows.held_count(), 2);
        rows.reveal();
        assert_eq!(shown(&rows), [90, 80]);
        catch_up(&mut rows, [190, 180], "f", false);
        assert_eq!((shown(&rows), rows.next_cursor.as_deref()), (vec![190, 180], Some("f")));
    }

    #[test]
    fn who_comes_back_finds_the_rows_with_what_came_and_without_what_went() {
        let left = || Rows::of(page([50, 40, 30, 20, 10], Some("c")));
        let any = EventFilter::default();
        let rows = left().brought_up(page([60, 50, 30], Some("d")), &any, true);
        assert_eq!((shown(&rows), rows.held_count()), (vec![50, 30, 20, 10], 1));
        assert_eq!(rows.next_cursor.as_deref(), Some("c"));
        let rows = left().brought_up(page([60, 50, 30], Some("d")), &any, false);
        assert_eq!((shown(&rows), rows.held_count()), (vec![60, 50, 30, 20, 10], 0));

        // More came than a page has: they wait, and what lies between is on older pages.
        let mut rows = left().brought_up(page([90, 80], Some("d")), &any, true);
        assert_eq!((shown(&rows), rows.held_count()), (vec![50, 40, 30, 20, 10], 2));
        rows.reveal();
        assert_eq!((shown(&rows), rows.next_cursor.as_deref()), (vec![90, 80], Some("80")));
        assert!(left().brought_up(page([], None), &any, true).is_empty());
    }

    #[test]
    fn what_came_while_a_page_was_fetched_stays() {
        let (mut rows, any) = (Rows::of(page([20, 10], Some("c"))), EventFilter::default());
        rows.miss();
        let asked = rows.asking();
        rows.take(item(200, EventStatus::Pending), &any, false);
        rows.catch_up(page([190, 180], Some("d")), asked, &any, false);
        assert_eq!((shown(&rows), rows.next_cursor.as_deref()), (vec![200, 190, 180], Some("d")));
    }

    #[test]
    fn a_page_older_than_the_rows_changes_nothing() {
        let (mut rows, any) = (Rows::of(page([20], Some("c"))), EventFilter::default());
        rows.miss();
        let asked = rows.asking();
        for number in 21..=1_000 {
            rows.take(item(number, EventStatus::Pending), &any, false);
        }
        rows.catch_up(page((11..=30).rev(), Some("d")), asked, &any, false);
        assert_eq!(shown(&rows), (20..=1_000).rev().collect::<Vec<_>>());
    }

    #[test]
    fn a_page_fetched_before_a_change_does_not_undo_it() {
        let (mut rows, any) = (Rows::of(page([20, 10], None)), EventFilter::default());
        let asked = rows.asking();
        rows.take(item(20, EventStatus::Processed), &any, false);
        rows.catch_up(page([20, 10], None), asked, &any, false);
        assert_eq!(rows.shown[0].item.status, EventStatus::Processed);
        let asked = rows.asking();
        rows.catch_up(page([20, 10], None), asked, &any, false);
        assert_eq!(rows.shown[0].item.status, EventStatus::Pending);
    }
}
