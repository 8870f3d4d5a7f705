//! What rules and limits would remove: of those in force, and of one before it is. Nothing is changed here.

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, QueryResult, Statement, Value};

use super::limit::{self, Limit};
use super::{RetentionError, Rule, list};
use crate::Engine;
use crate::id::first_event_id_at;
use crate::store::StoreError;
use crate::time::Timestamp;

/// How many events are looked at in one read: one that takes long would keep the log.
const STRETCH: i64 = 20_000;

/// What would be removed now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Going {
    pub events: i64,
    /// Of payloads; their runs and journals come on top.
    pub bytes: i64,
    /// When the oldest of them was received.
    pub oldest: Option<Timestamp>,
}

/// A rule in force, and what it would remove now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub rule: Rule,
    pub going: Going,
}

/// What each rule would remove now.
pub async fn due(engine: &Engine) -> Result<Vec<Due>, StoreError> {
    let rules = list(engine).await?;
    let mut all = Vec::new();
    for rule in &rules {
        all.push(Due { rule: rule.clone(), going: by_rule(engine, rule, &rules).await? });
    }
    Ok(all)
}

/// What the rule would remove at once, were it in force in place of one for the same events.
pub async fn plan(engine: &Engine, rule: &Rule) -> Result<Going, RetentionError> {
    rule.check()?;
    let mut rules = list(engine).await?;
    rules.retain(|other| (other.status, &other.source) != (rule.status, &rule.source));
    rules.push(rule.clone());
    Ok(by_rule(engine, rule, &rules).await?)
}

/// What the limit would remove at once, were it in force in place of one for the same events.
pub async fn plan_limit(engine: &Engine, limit: &Limit) -> Result<Going, RetentionError> {
    limit.check()?;
    let mut excess = limit::bytes(engine, limit).await?.saturating_sub(limit.max_bytes);
    let (mut going, mut after) = (Going::default(), 0);
    while excess > 0 {
        let rows = oldest(engine, limit, after, excess, STRETCH).await?;
        // All that is left is held.
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { break };
        let bytes = rows.iter().map(|row| row.bytes).sum::<i64>();
        going.events += rows.len() as i64;
        going.bytes += bytes;
        going.oldest = going.oldest.or(Some(first.received_at));
        after = last.seq;
        excess = excess.saturating_sub(bytes.max(0).unsigned_abs());
    }
    Ok(going)
}

async fn by_rule(engine: &Engine, rule: &Rule, all: &[Rule]) -> Result<Going, StoreError> {
    #[derive(FromQueryResult)]
    struct Sum {
        events: i64,
        bytes: Option<i64>,
        oldest: Option<i64>,
    }
    let Some(which) = Which::of(engine, rule, all).await? else { return Ok(Going::default()) };
    let what = "COUNT(*) AS events, CAST(SUM(payload_bytes) AS BIGINT) AS bytes,
        MIN(received_at) AS oldest";
    let statement = which.select(engine, what, 0, "");
    let sum = Sum::find_by_statement(statement).one(&engine.store.read).await?;
    Ok(sum.map_or_else(Going::default, |sum| Going {
        events: sum.events,
        bytes: sum.bytes.unwrap_or(0),
        oldest: sum.oldest.map(Timestamp::from_millis),
    }))
}

/// The events of a rule, as conditions.
pub(super) struct Which {
    clause: String,
    values: Vec<Value>,
}

impl Which {
    /// `None` where nothing is old enough.
    pub(super) async fn of(
        engine: &Engine,
        rule: &Rule,
        all: &[Rule],
    ) -> Result<Option<Self>, StoreError> {
        // A clock that was set ahead must not make everything old.
        let now = engine.now().min(engine.steady());
        // Ids begin with their time: the last one of that time bounds the numbers to look through.
        let read = &engine.store.read;
        let statement = Statement::from_sql_and_values(
            read.get_database_backend(),
            "SELECT seq FROM events WHERE id < $1 ORDER BY id DESC LIMIT 1",
            [first_event_id_at(rule.until(now)).into()],
        );
        let Some(bound) = read.query_one_raw(statement).await? else { return Ok(None) };
        let bound: i64 = bound.try_get_by_index(0)?;
        let cutoff = rule.until(now).millis();
        let mut values: Vec<Value> = vec![bound.into(), cutoff.into()];
        // Written out, so that the partial index of this status applies.
        let mut clause = format!(
            "seq <= $1 AND received_at < $2 AND status = '{}' AND seq > $3 AND NOT held",
            rule.status.as_str()
        );
        values.push(0_i64.into());
        let others = all.iter().filter(|other| other.status == rule.status);
        let sources: Vec<_> = match &rule.source {
            Some(source) => vec![("=", source)],
            None => others.filter_map(|other| other.source.as_ref()).map(|s| ("<>", s)).collect(),
        };
        for (sign, source) in sources {
            values.push(source.as_str().into());
            clause.push_str(&format!(" AND source {sign} ${}", values.len()));
        }
        Ok(Some(Self { clause, values }))
    }

    fn select(&self, engine: &Engine, what: &str, after: i64, tail: &str) -> Statement {
        let mut values = self.values.clone();
        values[2] = after.into();
        let sql = format!("SELECT {what} FROM events WHERE {} {tail}", self.clause);
        Statement::from_sql_and_values(engine.store.read.get_database_backend(), sql, values)
    }

    /// The next `most` of them.
    pub(super) async fn next(
        &self,
        engine: &Engine,
        after: i64,
        most: i64,
    ) -> Result<Vec<i64>, StoreError> {
        let statement = self.select(engine, "seq", after, &format!("ORDER BY seq LIMIT {most}"));
        let rows = engine.store.read.query_all_raw(statement).await?;
        rows.iter().map(|row| row.try_get_by_index(0).map_err(StoreError::from)).collect()
    }
}

/// An event beyond a limit.
pub(super) struct Beyond {
    pub(super) seq: i64,
    bytes: i64,
    received_at: Timestamp,
}

/// The oldest events that a limit is about, after the one with that number: as many as have `excess` bytes
/// together, and not more than `most`.
pub(super) async fn oldest(
    engine: &Engine,
    limit: &Limit,
    after: i64,
    excess: u64,
    most: i64,
) -> Result<Vec<Beyond>, StoreError> {
    let mut values: Vec<Value> = vec![after.into()];
    values.extend(limit.source.as_deref().map(Value::from));
    // The status is written out, so that its partial index applies.
    let sql = format!(
        "SELECT seq, payload_bytes, received_at FROM events
         WHERE status = '{}' AND seq > $1 AND NOT held {} ORDER BY seq LIMIT {most}",
        limit.status.as_str(),
        if limit.source.is_some() { "AND source = $2" } else { "" },
    );
    let read = &engine.store.read;
    let statement = Statement::from_sql_and_values(read.get_database_backend(), sql, values);
    let row = |row: &QueryResult| {
        Ok(Beyond {
            seq: row.try_get_by_index(0)?,
            bytes: row.try_get_by_index(1)?,
            received_at: Timestamp::from_millis(row.try_get_by_index(2)?),
        })
    };
    let found = read.query_all_raw(statement).await?;
    let mut rows = found.iter().map(row).collect::<Result<Vec<_>, DbErr>>()?;
    rows.truncate(limit::enough(rows.iter().map(|row| row.bytes), excess));
    Ok(rows)
}
