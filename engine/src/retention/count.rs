//! How much there is of a source that has a limit.
//!
//! The writer keeps count in the transaction of each change. What was there before the limit is counted here, in
//! reads that are short enough to hold nobody up; what moves meanwhile is missed or counted twice, so it is
//! counted anew, at first before anything is removed, then ever more seldom.

use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, Statement};

use super::Settled;
use crate::Engine;
use crate::event::read;
use crate::store::entity::source_limit;
use crate::store::{Change, StoreError};

/// How many events one read counts.
const STRETCH: i64 = 20_000;
/// A count is never older than this and what the sweep takes.
const OLDEST_MILLIS: i64 = 24 * 3_600_000;

/// Settled events of a source, and the bytes of their payloads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) events: i64,
    pub(super) bytes: i64,
}

/// What is there now.
pub(super) async fn now(
    engine: &Engine,
    status: Settled,
    source: &str,
) -> Result<Count, StoreError> {
    between(&engine.store.read, status, source, 0, i64::MAX).await
}

/// A count of what came up to some event, which a transaction completes.
pub(super) struct Begun {
    status: Settled,
    source: String,
    upto: i64,
    count: Count,
}

/// From here on the writer keeps count.
pub(super) async fn begin(
    engine: &Engine,
    status: Settled,
    source: &str,
) -> Result<Begun, StoreError> {
    engine.store.writer.count_by_source();
    let upto = read::newest(engine).await?;
    let count = between(&engine.store.read, status, source, 0, upto).await?;
    Ok(Begun { status, source: source.to_owned(), upto, count })
}

impl Begun {
    pub(super) async fn complete(
        &self,
        transaction: &DatabaseTransaction,
    ) -> Result<Count, StoreError> {
        let rest = between(transaction, self.status, &self.source, self.upto, i64::MAX).await?;
        let Count { events, bytes } = self.count;
        Ok(Count { events: events + rest.events, bytes: bytes + rest.bytes })
    }
}

/// Counts again what was counted too long ago.
pub(super) async fn anew(engine: &Engine) -> Result<(), StoreError> {
    let now = engine.now().millis();
    for limit in source_limit::Entity::find().all(&engine.store.read).await? {
        // Another node may have set it.
        engine.store.writer.count_by_source();
        let Some(status) = Settled::parse(&limit.status) else { continue };
        if !is_stale(limit.created_at, limit.counted_at, now) {
            continue;
        }
        let begun = begin(engine, status, &limit.source).await?;
        let change = Change::new(move |transaction| {
            let begun = Begun { source: begun.source.clone(), ..begun };
            Box::pin(async move {
                let Count { events, bytes } = begun.complete(transaction).await?;
                let sql = "UPDATE source_limits SET events = $1, bytes = $2, counted_at = $3
                    WHERE status = $4 AND source = $5";
                let values = [
                    events.into(),
                    bytes.into(),
                    now.into(),
                    begun.status.as_str().into(),
                    begun.source.into(),
                ];
                let backend = transaction.get_database_backend();
                let statement = Statement::from_sql_and_values(backend, sql, values);
                transaction.execute_raw(statement).await?;
                Ok(())
            })
        });
        engine.store.writer.change(change).await?;
    }
    Ok(())
}

/// Each count holds as long as the limit was in force before it, and for a day at most. Pure.
fn is_stale(created: i64, counted: i64, now: i64) -> bool {
    now.saturating_sub(counted) >= counted.saturating_sub(created).clamp(0, OLDEST_MILLIS)
}

/// What there is with numbers above `after` and up to `upto`.
async fn between<C: ConnectionTrait>(
    connection: &C,
    status: Settled,
    source: &str,
    after: i64,
    upto: i64,
) -> Result<Count, StoreError> {
    #[derive(FromQueryResult)]
    struct Stretch {
        seen: i64,
        newest: Option<i64>,
        events: i64,
        bytes: i64,
    }
    let sql = format!(
        "SELECT COUNT(*) AS seen, MAX(seq) AS newest,
            CAST(COALESCE(SUM(CASE WHEN status = '{status}' THEN 1 ELSE 0 END), 0) AS BIGINT) AS events,
            CAST(COALESCE(SUM(CASE WHEN status = '{status}' THEN payload_bytes ELSE 0 END), 0) AS BIGINT)
                AS bytes
         FROM (SELECT seq, status, payload_bytes FROM events
            WHERE source = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT {STRETCH}) AS stretch",
        status = status.as_str()
    );
    let (mut total, mut after) = (Count::default(), after);
    loop {
        let values = [source.into(), after.into(), upto.into()];
        let backend = connection.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, &sql, values);
        let Some(stretch) = Stretch::find_by_statement(statement).one(connection).await? else {
            return Ok(total);
        };
        total.events += stretch.events;
        total.bytes += stretch.bytes;
        match stretch.newest {
            Some(newest) if stretch.seen == STRETCH => after = newest,
            _ => return Ok(total),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(counted: i64, now: i64, stale: bool) {
        assert_eq!(is_stale(1_000, counted, now), stale, "counted at {counted}, now {now}");
    }

    #[test]
    fn it_is_counted_anew_at_first_at_once_and_then_ever_more_seldom() {
        check(1_000, 1_000, true);
        check(61_000, 120_999, false);
        check(61_000, 121_000, true);
        let old = 40 * OLDEST_MILLIS;
        check(old, old + OLDEST_MILLIS - 1, false);
        check(old, old + OLDEST_MILLIS, true);
        // A clock that was set back is no reason to count for ever.
        check(500, 499, false);
    }
}
