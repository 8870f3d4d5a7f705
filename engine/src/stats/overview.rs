//! How a period went: totals beside those of the period before, its course, and who took part.
//!
//! Read from the minutes that the writer keeps, so that it costs what the period has of types,
//! sources and workflows, however many events there were.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, EntityTrait, FromQueryResult, Statement};

use super::growth::{self, Growth};
use crate::Engine;
use crate::store::entity::workflow;
use crate::store::{StoreError, health, quantiles};
use crate::time::Timestamp;

/// How many types, sources and workflows are told of.
const LINES: usize = 8;
/// How many slots of the course make one point of a type's own.
const SLOTS_OF_A_POINT: usize = 4;
const SHARES: [f64; 3] = [0.5, 0.95, 0.99];

/// What a period is called, its slots, and how many minutes each has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Range {
    Hour,
    Day,
    Week,
}

impl Range {
    pub const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::Week];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Week => "7d",
        }
    }

    /// Number of slots, and minutes in each.
    pub fn slots(self) -> (usize, i64) {
        match self {
            Self::Hour => (60, 1),
            Self::Day => (96, 15),
            Self::Week => (84, 120),
        }
    }
}

impl FromStr for Range {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|range| range.as_str() == text).ok_or("use 1h, 24h or 7d")
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    pub accepted: i64,
    pub processed: i64,
    pub failed: i64,
}

/// One stretch of the course.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    pub from: Timestamp,
    pub totals: Totals,
    /// Milliseconds from acceptance to settling: p50, p95, p99.
    pub latency: Option<[i64; 3]>,
}

/// An event type or a source.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub name: String,
    pub totals: Totals,
    /// Accepted events along the course.
    pub course: Vec<i64>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct WorkflowLine {
    pub id: String,
    pub name: String,
    pub runs: i64,
    pub failed: i64,
    /// Milliseconds from a run's start to its end.
    pub latency: [i64; 3],
}

#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    pub range: Range,
    /// From here on; the period ends now.
    pub from: Timestamp,
    pub now: Timestamp,
    /// All events by their present status, in the order of `EventStatus::ALL`.
    pub events: [i64; 4],
    pub totals: Totals,
    /// Of the stretch of the same length before.
    pub before: Totals,
    pub latency: Option<[i64; 3]>,
    pub latency_before: Option<[i64; 3]>,
    pub course: Vec<Slot>,
    /// The most frequent first.
    pub types: Vec<Line>,
    pub sources: Vec<Line>,
    /// The slowest first.
    pub workflows: Vec<WorkflowLine>,
    /// When the oldest dead letter failed.
    pub oldest_dead_letter: Option<Timestamp>,
    pub size: health::Size,
    pub growth: Growth,
}

/// The last ones, so that many watchers cost one.
pub(crate) struct Cache(moka::future::Cache<Range, Arc<Overview>>);

impl Default for Cache {
    fn default() -> Self {
        let fresh = Duration::from_secs(2);
        Self(moka::future::Cache::builder().max_capacity(8).time_to_live(fresh).build())
    }
}

/// As of the last two seconds.
pub async fn current(engine: &Engine, range: Range) -> Result<Arc<Overview>, StoreError> {
    let made = async { Ok::<_, StoreError>(Arc::new(read(engine, range).await?)) };
    engine.overviews.0.try_get_with(range, made).await.map_err(|error| StoreError::shared(&error))
}

/// Where the slots of a period lie, in minutes. Pure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Frame {
    from: i64,
    /// The minute that is not over yet.
    last: i64,
    slots: usize,
    width: i64,
}

impl Frame {
    /// The last slot holds the present minute; slots begin where the clock does.
    fn of(range: Range, minute: i64) -> Self {
        let (slots, width) = range.slots();
        let end = (minute.div_euclid(width) + 1) * width;
        Self { from: end - slots as i64 * width, last: minute, slots, width }
    }

    /// As long as what has passed of this one, right before it.
    fn before(self) -> Self {
        let length = self.slots as i64 * self.width;
        Self { from: self.from - length, last: self.last - length, ..self }
    }

    fn begins(self, slot: usize) -> Timestamp {
        Timestamp::from_millis((self.from + slot as i64 * self.width) * 60_000)
    }
}

#[derive(FromQueryResult)]
struct Counted {
    name: String,
    slot: i64,
    accepted: i64,
    processed: i64,
    failed: i64,
}

#[derive(FromQueryResult)]
struct Timed {
    slot: i64,
    bucket: i64,
    count: i64,
}

async fn read(engine: &Engine, range: Range) -> Result<Overview, StoreError> {
    let read = &engine.store.read;
    let now = engine.now();
    let frame = Frame::of(range, now.minute());
    let types = counted(read, "event_type", frame).await?;
    let sources = counted(read, "source", frame).await?;
    let (timed, timed_before) = (timed(read, frame).await?, timed(read, frame.before()).await?);
    let (events, size) = (super::by_status(read).await?, health::size(&engine.store).await?);
    let oldest = "SELECT processed_at FROM events WHERE status = 'failed' ORDER BY seq LIMIT 1";
    let oldest = read.query_one_raw(Statement::from_string(read.get_database_backend(), oldest));
    let oldest = oldest.await?.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?;
    Ok(Overview {
        range,
        from: frame.begins(0),
        now,
        events,
        totals: sum(&types),
        before: before(read, frame.before()).await?,
        latency: of_all(&timed),
        latency_before: of_all(&timed_before),
        course: course(frame, &types, &timed),
        types: lines(frame, types),
        sources: lines(frame, sources),
        workflows: workflows(read, frame).await?,
        oldest_dead_letter: oldest.flatten().map(Timestamp::from_millis),
        size,
        growth: growth::read(engine, events.iter().sum(), size).await?,
    })
}

/// The minutes of `frame` summed up by `column` and slot.
async fn counted(
    read: &DatabaseConnection,
    column: &str,
    frame: Frame,
) -> Result<Vec<Counted>, StoreError> {
    let sql = format!(
        "SELECT {column} AS name, (minute - $1) / $2 AS slot,
            CAST(SUM(accepted) AS BIGINT) AS accepted,
            CAST(SUM(processed) AS BIGINT) AS processed, CAST(SUM(failed) AS BIGINT) AS failed
         FROM event_rollups WHERE minute BETWEEN $1 AND $3 GROUP BY 1, 2"
    );
    let values = [frame.from.into(), frame.width.into(), frame.last.into()];
    let statement = Statement::from_sql_and_values(read.get_database_backend(), sql, values);
    Ok(Counted::find_by_statement(statement).all(read).await?)
}

async fn before(read: &DatabaseConnection, frame: Frame) -> Result<Totals, StoreError> {
    #[derive(FromQueryResult)]
    struct Sums {
        accepted: Option<i64>,
        processed: Option<i64>,
        failed: Option<i64>,
    }
    let sql = "SELECT CAST(SUM(accepted) AS BIGINT) AS accepted,
            CAST(SUM(processed) AS BIGINT) AS processed, CAST(SUM(failed) AS BIGINT) AS failed
         FROM event_rollups WHERE minute BETWEEN $1 AND $2";
    let values = [frame.from.into(), frame.last.into()];
    let statement = Statement::from_sql_and_values(read.get_database_backend(), sql, values);
    let sums = Sums::find_by_statement(statement).one(read).await?;
    Ok(sums.map_or_else(Totals::default, |sums| Totals {
        accepted: sums.accepted.unwrap_or(0),
        processed: sums.processed.unwrap_or(0),
        failed: sums.failed.unwrap_or(0),
    }))
}

async fn timed(read: &DatabaseConnection, frame: Frame) -> Result<Vec<Timed>, StoreError> {
    let sql = "SELECT (minute - $1) / $2 AS slot, bucket, CAST(SUM(count) AS BIGINT) AS count
         FROM latency_rollups WHERE minute BETWEEN $1 AND $3 GROUP BY 1, 2 ORDER BY 1, 2";
    let values = [frame.from.into(), frame.width.into(), frame.last.into()];
    let statement = Statement::from_sql_and_values(read.get_database_backend(), sql, values);
    Ok(Timed::find_by_statement(statement).all(read).await?)
}

async fn workflows(
    read: &DatabaseConnection,
    frame: Frame,
) -> Result<Vec<WorkflowLine>, StoreError> {
    #[derive(FromQueryResult)]
    struct Ended {
        workflow_id: String,
        bucket: i64,
        count: i64,
        failed: i64,
    }
    let sql = "SELECT workflow_id, bucket, CAST(SUM(count) AS BIGINT) AS count,
            CAST(SUM(failed) AS BIGINT) AS failed
         FROM run_rollups WHERE minute BETWEEN $1 AND $2 GROUP BY 1, 2 ORDER BY 1, 2";
    let values = [frame.from.into(), frame.last.into()];
    let statement = Statement::from_sql_and_values(read.get_database_backend(), sql, values);
    let mut of_each: HashMap<String, (Vec<(i64, i64)>, i64)> = HashMap::new();
    for row in Ended::find_by_statement(statement).all(read).await? {
        let (buckets, failed) = of_each.entry(row.workflow_id).or_default();
        buckets.push((row.bucket, row.count));
        *failed += row.failed;
    }
    let names = workflow::Entity::find().all(read).await?;
    let name = |id: &str| names.iter().find(|known| known.id == id).map(|known| &known.name);
    let line = |(id, (buckets, failed)): (String, (Vec<(i64, i64)>, i64))| {
        let latency = quantiles(&buckets, SHARES)?;
        let runs = buckets.iter().map(|(_, count)| count).sum();
        let name = name(&id).cloned().unwrap_or_else(|| id.clone());
        Some(WorkflowLine { id, name, runs, failed, latency })
    };
    let mut lines: Vec<_> = of_each.into_iter().filter_map(line).collect();
    lines.sort_by(|a, b| b.latency[2].cmp(&a.latency[2]).then_with(|| a.name.cmp(&b.name)));
    lines.truncate(LINES);
    Ok(lines)
}

impl Totals {
    fn add(&mut self, row: &Counted) {
        self.accepted += row.accepted;
        self.processed += row.processed;
        self.failed += row.failed;
    }
}

fn sum(rows: &[Counted]) -> Totals {
    let mut totals = Totals::default();
    rows.iter().for_each(|row| totals.add(row));
    totals
}

fn course(frame: Frame, counted: &[Counted], timed: &[Timed]) -> Vec<Slot> {
    let mut slots: Vec<(Totals, Vec<(i64, i64)>)> = vec![Default::default(); frame.slots];
    for row in counted {
        if let Some((totals, _)) = slots.get_mut(row.slot.max(0) as usize) {
            totals.add(row);
        }
    }
    for row in timed {
        if let Some((_, buckets)) = slots.get_mut(row.slot.max(0) as usize) {
            buckets.push((row.bucket, row.count));
        }
    }
    let slot = |(at, (totals, buckets)): (usize, (Totals, Vec<(i64, i64)>))| Slot {
        from: frame.begins(at),
        totals,
        latency: quantiles(&buckets, SHARES),
    };
    slots.into_iter().enumerate().map(slot).collect()
}

/// The most frequent names, each with its own course.
fn lines(frame: Frame, rows: Vec<Counted>) -> Vec<Line> {
    let points = frame.slots.div_ceil(SLOTS_OF_A_POINT);
    let mut lines: HashMap<String, Line> = HashMap::new();
    for row in rows {
        let line = lines.entry(row.name.clone()).or_insert_with_key(|name| Line {
            name: name.clone(),
            totals: Totals::default(),
            course: vec![0; points],
        });
        line.totals.add(&row);
        if let Some(point) = line.course.get_mut(row.slot.max(0) as usize / SLOTS_OF_A_POINT) {
            *point += row.accepted;
        }
    }
    let mut lines: Vec<_> = lines.into_values().collect();
    let weight = |line: &Line| line.totals.accepted + line.totals.failed;
    lines.sort_by(|a, b| weight(b).cmp(&weight(a)).then_with(|| a.name.cmp(&b.name)));
    lines.truncate(LINES);
    lines
}

/// The quantiles over all slots.
fn of_all(rows: &[Timed]) -> Option<[i64; 3]> {
    let mut buckets = std::collections::BTreeMap::<i64, i64>::new();
    rows.iter().for_each(|row| *buckets.entry(row.bucket).or_default() += row.count);
    quantiles(&buckets.into_iter().collect::<Vec<_>>(), SHARES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(range: Range, minute: i64, from: i64) {
        let frame = Frame::of(range, minute);
        assert_eq!(frame.from, from, "{range:?}");
        let slot = (minute - frame.from) / frame.width;
        assert_eq!(slot, frame.slots as i64 - 1, "{range:?}");
        assert_eq!(frame.before().last - frame.before().from, minute - from);
    }

    #[test]
    fn the_present_minute_lies_in_the_last_slot_and_slots_begin_with_the_clock() {
        check(Range::Hour, 1_000, 941);
        check(Range::Day, 29 * 15 + 7, (29 - 95) * 15);
        check(Range::Day, 29 * 15, (29 - 95) * 15);
        check(Range::Week, 120 * 100 + 119, (100 - 83) * 120);
    }

    #[test]
    fn names_are_ordered_by_their_events_and_cut() {
        let frame = Frame::of(Range::Hour, 1_000);
        let row = |name: &str, slot, accepted| Counted {
            name: name.into(),
            slot,
            accepted,
            processed: 0,
            failed: 0,
        };
        let mut rows = vec![row("few", 0, 1), row("many", 4, 5), row("many", 59, 2)];
        rows.extend((0..LINES).map(|number| row(&format!("other {number}"), 1, 2)));
        let lines = lines(frame, rows);
        assert_eq!(lines.len(), LINES);
        assert_eq!((lines[0].name.as_str(), lines[0].totals.accepted), ("many", 7));
        assert_eq!((lines[0].course[1], lines[0].course[14]), (5, 2));
        assert!(lines.iter().all(|line| line.name != "few"));
    }
}
