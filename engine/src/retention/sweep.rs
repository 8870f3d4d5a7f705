//! Removing what has been kept long enough, in small batches with rests between them, so that nobody
//! who writes waits for long.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, QueryResult, Statement, Value};

use super::limit::{self, Limit};
use super::{Due, Rule, list};
use crate::Engine;
use crate::id::first_event_id_at;
use crate::store::StoreError;
use crate::time::Timestamp;

const EVERY: Duration = Duration::from_secs(60);
/// How many events one transaction removes.
const BATCH: i64 = 500;

/// Runs until the engine stops.
pub(crate) async fn keep_sweeping(engine: Engine) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = engine.stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        tokio::select! {
            () = engine.stop.cancelled() => return,
            swept = sweep(&engine) => match swept {
                Ok(0) => {}
                Ok(events) => tracing::info!(events, "events were removed that had been kept long enough"),
                Err(error) => tracing::warn!(%error, "events that have been kept long enough stay"),
            }
        }
        tokio::select! {
            () = engine.stop.cancelled() => return,
            shrunk = engine.store.shrink() => match shrunk {
                Ok(0) => {}
                Ok(pages) => tracing::info!(pages, "space that was free in the database was given back"),
                Err(error) => tracing::debug!(%error, "free space could not be given back"),
            },
        }
    }
}

/// Removes all that is due now; how many events that were.
pub async fn sweep(engine: &Engine) -> Result<u64, StoreError> {
    let rules = list(engine).await?;
    let mut removed = 0;
    for rule in &rules {
        let Some(which) = Which::of(engine, rule, &rules).await? else { continue };
        let mut after = 0;
        loop {
            let begun = Instant::now();
            let seqs = which.next(engine, after).await?;
            let Some(last) = seqs.last().copied() else { break };
            after = last;
            removed += engine.store.writer.purge(seqs).await?;
            // As long a rest as the work took: half of the writer's time is everybody else's.
            tokio::time::sleep(begun.elapsed()).await;
        }
    }
    for standing in limit::list(engine).await? {
        removed += keep_below(engine, standing.limit).await?;
    }
    Ok(removed)
}

/// Removes the oldest settled events until no more is kept than the limit says.
async fn keep_below(engine: &Engine, limit: Limit) -> Result<u64, StoreError> {
    let (mut removed, mut after) = (0, 0);
    loop {
        let begun = Instant::now();
        let standing = limit::list(engine).await?.into_iter().find(|it| it.limit == limit);
        let excess = standing.map_or(0, |it| it.bytes.saturating_sub(limit.max_bytes));
        if excess == 0 {
            return Ok(removed);
        }
        // Written out, so that the partial index of this status applies.
        let sql = format!(
            "SELECT seq, payload_bytes FROM events WHERE status = '{}' AND seq > $1 AND NOT held
             ORDER BY seq LIMIT {BATCH}",
            limit.status.as_str()
        );
        let read = &engine.store.read;
        let statement =
            Statement::from_sql_and_values(read.get_database_backend(), sql, [after.into()]);
        let rows = read.query_all_raw(statement).await?;
        let row = |row: &QueryResult| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
        let rows = rows.iter().map(row).collect::<Result<Vec<(i64, i64)>, DbErr>>()?;
        let seqs = limit::enough(&rows, excess);
        // All that is left is held.
        let Some(last) = seqs.last().copied() else { return Ok(removed) };
        removed += engine.store.writer.purge(seqs).await?;
        after = last;
        tokio::time::sleep(begun.elapsed()).await;
    }
}

/// What each rule would remove now.
pub async fn due(engine: &Engine) -> Result<Vec<Due>, StoreError> {
    #[derive(FromQueryResult)]
    struct Sum {
        events: i64,
        bytes: Option<i64>,
        oldest: Option<i64>,
    }
    let rules = list(engine).await?;
    let mut all = Vec::new();
    for rule in &rules {
        let (mut events, mut bytes, mut oldest) = (0, 0, None);
        if let Some(which) = Which::of(engine, rule, &rules).await? {
            let what = "COUNT(*) AS events, CAST(SUM(payload_bytes) AS BIGINT) AS bytes,
                MIN(received_at) AS oldest";
            let statement = which.select(engine, what, 0, "");
            if let Some(sum) = Sum::find_by_statement(statement).one(&engine.store.read).await? {
                (events, bytes) = (sum.events, sum.bytes.unwrap_or(0));
                oldest = sum.oldest.map(Timestamp::from_millis);
            }
        }
        all.push(Due { rule: rule.clone(), events, bytes, oldest });
    }
    Ok(all)
}

/// The events of a rule, as conditions.
struct Which {
    clause: String,
    values: Vec<Value>,
}

impl Which {
    /// `None` where nothing is old enough.
    async fn of(engine: &Engine, rule: &Rule, all: &[Rule]) -> Result<Option<Self>, StoreError> {
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

    async fn next(&self, engine: &Engine, after: i64) -> Result<Vec<i64>, StoreError> {
        let statement = self.select(engine, "seq", after, &format!("ORDER BY seq LIMIT {BATCH}"));
        let rows = engine.store.read.query_all_raw(statement).await?;
        rows.iter().map(|row| row.try_get_by_index(0).map_err(StoreError::from)).collect()
    }
}
