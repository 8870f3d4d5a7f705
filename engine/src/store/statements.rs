//! The statements of the writer: one for each table and batch, whatever the batch holds.
//!
//! A [`Batch`] comes as one parameter, an array of arrays, which both databases can turn into rows, or
//! row by row; how is the only thing on which the texts differ.

use sea_orm::{DbBackend, Statement, Value};

use super::batch::Batch;

/// The type of a column of a batch.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    Int,
    /// 0 at first: no row holds it, and it comes after those that rows hold.
    Zero,
}
use Kind::{Int, Text, Zero};

/// Where a statement finds its rows.
#[derive(Clone, Copy)]
enum From {
    /// In the batch `$1`.
    Batch(DbBackend),
    /// There is one, with a parameter for each column: `?1` and so on, as SQLite numbers `$1` and the
    /// like as they come.
    Row,
}

/// A statement about rows.
pub(super) struct OfRows {
    /// About all rows of the batch `$1`.
    pub(super) batch: String,
    /// About one row, a parameter for each column: on SQLite that costs less than to take a batch apart,
    /// where a statement takes no way to another thread.
    pub(super) row: String,
}

/// A statement with what it takes.
pub(super) enum Written<'l> {
    Batch(&'l OfRows, Batch),
    /// A statement whose parameter is one value.
    One(&'l str, Value),
}

impl<'l> Written<'l> {
    /// As a statement with one parameter.
    pub(super) fn into_one(self) -> (&'l str, Value) {
        match self {
            Self::Batch(rows, batch) => (&rows.batch, batch.into_value()),
            Self::One(sql, value) => (sql, value),
        }
    }
}

/// The rows, named `r`.
fn rows(from: From, columns: &[(&str, Kind)]) -> String {
    let column = |(at, (name, kind)): (usize, &(&str, Kind))| match (from, kind) {
        (_, Zero) => format!("0 AS {name}"),
        (From::Row, _) => format!("?{} AS {name}", at + 1),
        (From::Batch(DbBackend::Postgres), Int) => format!("(v->>{at})::bigint AS {name}"),
        (From::Batch(_), _) => format!("v->>{at} AS {name}"),
    };
    let columns = columns.iter().enumerate().map(column).collect::<Vec<_>>().join(", ");
    match from {
        From::Row => format!("(SELECT {columns}) AS r"),
        From::Batch(DbBackend::Postgres) => {
            format!("(SELECT {columns} FROM json_array_elements($1::json) AS v) AS r")
        }
        // The limit keeps SQLite from asking for the whole row again for each of its columns.
        From::Batch(_) => {
            format!("(SELECT {columns} FROM (SELECT value AS v FROM jsonb_each($1) LIMIT -1)) AS r")
        }
    }
}

fn insert(from: From, table: &str, columns: &[(&str, Kind)]) -> String {
    let names = columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    match from {
        From::Row => {
            let value = |(at, (_, kind)): (usize, &(&str, Kind))| match kind {
                Zero => "0".to_owned(),
                Text | Int => format!("?{}", at + 1),
            };
            let values = columns.iter().enumerate().map(value).collect::<Vec<_>>().join(", ");
            format!("INSERT INTO {table} ({names}) VALUES ({values})")
        }
        From::Batch(_) => {
            let rows = rows(from, columns);
            // `WHERE true` keeps SQLite from reading `ON CONFLICT` as a join.
            format!("INSERT INTO {table} ({names}) SELECT {names} FROM {rows} WHERE true")
        }
    }
}

pub(super) const EVENT_COLUMNS: &str = "e.seq, e.id, e.event_id, e.event_type, e.source, e.subject, \
    e.status, e.received_at, e.occurred_at, e.processed_at, e.payload_preview, e.payload_bytes, \
    e.runs_open, e.runs_failed, e.attempts, e.error, e.replay_of, e.key_id, e.error_group, e.bulk_id, \
    e.held";

/// The row of `table` that has the first of the columns gets the others.
fn update(from: From, table: &str, columns: &[(&str, Kind)]) -> String {
    let set = |value: &dyn Fn(usize, &str) -> String| {
        let each = columns.iter().enumerate().skip(1);
        let each = each.map(|(at, (name, _))| format!("{name} = {}", value(at, name)));
        each.collect::<Vec<_>>().join(", ")
    };
    let key = columns[0].0;
    match from {
        From::Row => {
            let set = set(&|at, _| format!("?{}", at + 1));
            format!("UPDATE {table} SET {set} WHERE {key} = ?1")
        }
        From::Batch(_) => {
            let (set, rows) = (set(&|_, name| format!("r.{name}")), rows(from, columns));
            format!("UPDATE {table} SET {set} FROM {rows} WHERE {table}.{key} = r.{key}")
        }
    }
}

/// The texts, made once when the database is opened.
pub(super) struct Statements {
    backend: DbBackend,
    pub(super) known_events: String,
    pub(super) known_keys: String,
    pub(super) insert_keys: OfRows,
    pub(super) replace_keys: OfRows,
    pub(super) insert_events: OfRows,
    pub(super) insert_bodies: OfRows,
    pub(super) insert_runs: OfRows,
    pub(super) insert_turns: OfRows,
    pub(super) delete_turns: OfRows,
    pub(super) next_of_keys: OfRows,
    /// Of the workflow `$1`, as far as its limit has room.
    pub(super) give_turns: String,
    pub(super) due_turns: OfRows,
    pub(super) begin_turns: OfRows,
    /// Postgres, where other nodes settle runs of the same events.
    pub(super) lock_events: String,
    pub(super) runs_with_events: OfRows,
    pub(super) update_runs: OfRows,
    pub(super) update_events: OfRows,
    pub(super) insert_attempts: OfRows,
    /// Those of a run up to a number.
    pub(super) forget_attempts: OfRows,
    pub(super) insert_changes: OfRows,
    pub(super) add_status_counts: OfRows,
    pub(super) add_rollups: OfRows,
    pub(super) add_latencies: OfRows,
    pub(super) add_source_counts: OfRows,
    pub(super) add_type_latencies: OfRows,
    pub(super) add_to_error_groups: OfRows,
    pub(super) take_from_error_groups: OfRows,
    pub(super) insert_notes: OfRows,
    pub(super) mark_bulk: OfRows,
    pub(super) add_runs: OfRows,
    pub(super) extend_leases: String,
    pub(super) touch_keys: OfRows,
}

impl Statements {
    pub(super) fn new(backend: DbBackend) -> Self {
        let from = From::Batch(backend);
        let read = |columns: &[(&str, Kind)]| rows(from, columns);
        // Its text has `ROWS` where they come.
        let of_rows = |text: &str, columns: &[(&str, Kind)]| OfRows {
            batch: text.replace("ROWS", &rows(from, columns)),
            row: text.replace("ROWS", &rows(From::Row, columns)),
        };
        let insert = |table: &str, columns: &[(&str, Kind)], repeated: &str| OfRows {
            batch: insert(from, table, columns) + repeated,
            row: insert(From::Row, table, columns) + repeated,
        };
        let update = |table: &str, columns: &[(&str, Kind)]| OfRows {
            batch: update(from, table, columns),
            row: update(From::Row, table, columns),
        };
        let identity = read(&[("source", Text), ("event_id", Text)]);
        let run_ids = read(&[("id", Text)]);
        let postgres = backend == DbBackend::Postgres;
        let greatest = if postgres { "GREATEST" } else { "MAX" };
        // Another node may be cancelling the run: then this waits, and sees it cancelled.
        let lock = if postgres { "FOR UPDATE OF u" } else { "" };
        let keys = [
            ("key_id", Text),
            ("key", Text),
            ("fingerprint", Text),
            ("event", Text),
            ("created_at", Int),
        ];
        Self {
            backend,
            known_events: format!(
                "SELECT e.source, e.event_id, e.id, e.status FROM {identity} CROSS JOIN events e
                 WHERE e.source = r.source AND e.event_id = r.event_id"
            ),
            known_keys: format!(
                "SELECT i.key_id, i.key, i.fingerprint, i.event, i.created_at, e.status
                 FROM {} CROSS JOIN idempotency_keys i LEFT JOIN events e ON e.id = i.event
                 WHERE i.key_id = r.key_id AND i.key = r.key",
                read(&[("key_id", Text), ("key", Text)])
            ),
            // One that is forgotten may still lie there.
            replace_keys: insert(
                "idempotency_keys",
                &keys,
                " ON CONFLICT (key_id, key) DO UPDATE SET fingerprint = excluded.fingerprint,
                    event = excluded.event, created_at = excluded.created_at",
            ),
            insert_keys: insert("idempotency_keys", &keys, ""),
            insert_events: insert(
                "events",
                &[
                    ("seq", Int),
                    ("id", Text),
                    ("event_id", Text),
                    ("event_type", Text),
                    ("source", Text),
                    ("subject", Text),
                    ("status", Text),
                    ("received_at", Int),
                    ("occurred_at", Int),
                    ("processed_at", Int),
                    ("payload_preview", Text),
                    ("payload_bytes", Int),
                    ("runs_open", Int),
                    ("replay_of", Text),
                    ("key_id", Text),
                    ("runs_failed", Zero),
                    ("attempts", Zero),
                ],
                "",
            ),
            insert_bodies: insert(
                "event_bodies",
                &[("seq", Int), ("payload", Text), ("headers", Text)],
                "",
            ),
            insert_runs: insert(
                "runs",
                &[
                    ("id", Text),
                    ("event_seq", Int),
                    ("workflow_id", Text),
                    ("workflow_name", Text),
                    ("workflow_version", Int),
                    ("trigger_index", Int),
                    ("status", Text),
                    ("due_at", Int),
                    ("lease_owner", Text),
                    ("state", Text),
                    ("attempts", Int),
                    ("created_at", Int),
                ],
                "",
            ),
            insert_turns: insert(
                "turns",
                &[
                    ("run_id", Text),
                    ("workflow_id", Text),
                    ("event_seq", Int),
                    ("order_key", Text),
                    ("stand", Int),
                ],
                "",
            ),
            delete_turns: of_rows(
                "DELETE FROM turns WHERE run_id IN (SELECT id FROM ROWS)",
                &[("id", Text)],
            ),
            next_of_keys: of_rows(
                "UPDATE turns SET stand = 1 WHERE run_id IN (
                    SELECT (SELECT t.run_id FROM turns t
                        WHERE t.workflow_id = r.workflow_id AND t.order_key = r.order_key
                            AND t.stand = 0 ORDER BY t.event_seq LIMIT 1)
                    FROM ROWS WHERE NOT EXISTS (SELECT 1 FROM turns t
                        WHERE t.workflow_id = r.workflow_id AND t.order_key = r.order_key
                            AND t.stand > 0))",
                &[("workflow_id", Text), ("order_key", Text)],
            ),
            give_turns: format!(
                "UPDATE turns SET stand = 2 WHERE run_id IN (
                    SELECT run_id FROM turns WHERE workflow_id = $1 AND stand = 1
                    ORDER BY event_seq LIMIT COALESCE((SELECT {greatest}(0, room -
                            (SELECT COUNT(*) FROM turns WHERE workflow_id = $1 AND stand = 3))
                        FROM turn_limits WHERE workflow_id = $1 AND room IS NOT NULL), 1000000))"
            ),
            // A `CROSS JOIN` would make SQLite walk all runs before it looks at `turns`.
            due_turns: of_rows(
                "UPDATE runs SET due_at = r.due_at FROM ROWS, turns t
                 WHERE t.workflow_id = r.workflow_id AND t.stand = 2 AND runs.id = t.run_id",
                &[("workflow_id", Text), ("due_at", Int)],
            ),
            begin_turns: of_rows(
                "UPDATE turns SET stand = 3
                 WHERE stand = 2 AND workflow_id IN (SELECT workflow_id FROM ROWS)",
                &[("workflow_id", Text)],
            ),
            lock_events: format!(
                "SELECT e.seq FROM events e WHERE e.seq IN
                    (SELECT u.event_seq FROM {run_ids} CROSS JOIN runs u WHERE u.id = r.id)
                 ORDER BY e.seq FOR UPDATE"
            ),
            runs_with_events: of_rows(
                &format!(
                    "SELECT u.id AS run_id, u.lease_owner, u.status AS run_status, u.workflow_id,
                        u.test, {EVENT_COLUMNS}
                     FROM ROWS CROSS JOIN runs u LEFT JOIN events e ON e.seq = u.event_seq
                     WHERE u.id = r.id {lock}"
                ),
                &[("id", Text)],
            ),
            update_runs: update(
                "runs",
                &[
                    ("id", Text),
                    ("status", Text),
                    ("due_at", Int),
                    ("lease_owner", Text),
                    ("state", Text),
                    ("attempts", Int),
                    ("error", Text),
                    ("started_at", Int),
                    ("finished_at", Int),
                ],
            ),
            update_events: update(
                "events",
                &[
                    ("seq", Int),
                    ("status", Text),
                    ("processed_at", Int),
                    ("runs_open", Int),
                    ("runs_failed", Int),
                    ("attempts", Int),
                    ("error", Text),
                    ("error_group", Text),
                    ("bulk_id", Text),
                ],
            ),
            insert_attempts: insert(
                "step_attempts",
                &[
                    ("run_id", Text),
                    ("number", Int),
                    ("step", Text),
                    ("attempt", Int),
                    ("status", Text),
                    ("started_at", Int),
                    ("duration_ms", Int),
                    ("request", Text),
                    ("response", Text),
                    ("error", Text),
                ],
                "",
            ),
            forget_attempts: of_rows(
                "DELETE FROM step_attempts WHERE (run_id, number) IN (
                    SELECT a.run_id, a.number FROM ROWS CROSS JOIN step_attempts a
                    WHERE a.run_id = r.run_id AND a.number <= r.number)",
                &[("run_id", Text), ("number", Int)],
            ),
            insert_changes: insert("event_changes", &[("id", Int), ("event_seq", Int)], ""),
            add_status_counts: of_rows(
                "UPDATE status_counts SET count = status_counts.count + r.delta,
                    bytes = status_counts.bytes + r.bytes
                 FROM ROWS WHERE status_counts.status = r.status",
                &[("status", Text), ("delta", Int), ("bytes", Int)],
            ),
            add_source_counts: of_rows(
                "UPDATE source_limits SET events = source_limits.events + r.delta,
                    bytes = source_limits.bytes + r.bytes
                 FROM ROWS WHERE source_limits.status = r.status AND source_limits.source = r.source",
                &[("status", Text), ("source", Text), ("delta", Int), ("bytes", Int)],
            ),
            add_rollups: insert(
                "event_rollups",
                &[
                    ("minute", Int),
                    ("event_type", Text),
                    ("source", Text),
                    ("accepted", Int),
                    ("processed", Int),
                    ("failed", Int),
                ],
                " ON CONFLICT (minute, event_type, source) DO UPDATE SET
                    accepted = event_rollups.accepted + excluded.accepted,
                    processed = event_rollups.processed + excluded.processed,
                    failed = event_rollups.failed + excluded.failed",
            ),
            add_latencies: insert(
                "latency_rollups",
                &[("minute", Int), ("bucket", Int), ("count", Int)],
                " ON CONFLICT (minute, bucket) DO UPDATE SET
                    count = latency_rollups.count + excluded.count",
            ),
            add_type_latencies: insert(
                "type_latencies",
                &[("hour", Int), ("event_type", Text), ("bucket", Int), ("count", Int)],
                " ON CONFLICT (hour, event_type, bucket) DO UPDATE SET
                    count = type_latencies.count + excluded.count",
            ),
            add_to_error_groups: insert(
                "error_groups",
                &[
                    ("id", Text),
                    ("workflow", Text),
                    ("step", Text),
                    ("code", Text),
                    ("http_status", Int),
                    ("message", Text),
                    ("count", Int),
                    ("seen", Int),
                    ("first_seen", Int),
                    ("last_seen", Int),
                ],
                " ON CONFLICT (id) DO UPDATE SET count = error_groups.count + excluded.count,
                    seen = error_groups.seen + excluded.seen, last_seen = excluded.last_seen",
            ),
            take_from_error_groups: of_rows(
                "UPDATE error_groups SET count = error_groups.count - r.count
                 FROM ROWS WHERE error_groups.id = r.id",
                &[("id", Text), ("count", Int)],
            ),
            insert_notes: insert(
                "event_notes",
                &[("id", Text), ("event_seq", Int), ("at", Int), ("author", Text), ("note", Text)],
                "",
            ),
            mark_bulk: update("events", &[("seq", Int), ("bulk_id", Text)]),
            add_runs: insert(
                "run_rollups",
                &[
                    ("minute", Int),
                    ("workflow_id", Text),
                    ("bucket", Int),
                    ("count", Int),
                    ("failed", Int),
                ],
                " ON CONFLICT (minute, workflow_id, bucket) DO UPDATE SET
                    count = run_rollups.count + excluded.count,
                    failed = run_rollups.failed + excluded.failed",
            ),
            extend_leases: format!(
                "UPDATE runs SET due_at = $2 FROM {run_ids}
                 WHERE runs.id = r.id AND runs.lease_owner = $3 AND runs.due_at <= $4"
            ),
            touch_keys: update("api_keys", &[("id", Text), ("last_used_at", Int)]),
        }
    }

    /// A batch as this database reads it.
    pub(super) fn batch(&self) -> Batch {
        Batch::new(self.backend)
    }

    /// `sql` with the batch as `$1`.
    pub(super) fn with_batch(&self, sql: &str, batch: Batch) -> Statement {
        self.with(sql, vec![batch.into_value()])
    }

    pub(super) fn with(&self, sql: &str, values: Vec<Value>) -> Statement {
        Statement::from_sql_and_values(self.backend, sql, values)
    }
}

#[cfg(test)]
mod tests {
    use migrations::{Migrator, MigratorTrait};
    use rusqlite::Connection;

    use super::*;

    #[tokio::test]
    async fn no_statement_walks_a_table_that_grows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.db");
        let url = format!("sqlite://{}?mode=rwc", path.display());
        Migrator::up(&sea_orm::Database::connect(url).await.unwrap(), None).await.unwrap();
        let connection = Connection::open(&path).unwrap();
        let statements = Statements::new(DbBackend::Sqlite);
        let about_rows = [
            &statements.delete_turns,
            &statements.next_of_keys,
            &statements.due_turns,
            &statements.begin_turns,
            &statements.runs_with_events,
            &statements.update_runs,
            &statements.update_events,
            &statements.forget_attempts,
            &statements.mark_bulk,
        ];
        for sql in about_rows.into_iter().flat_map(|about| [&about.batch, &about.row]) {
            let mut explained = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let mut steps = explained.raw_query();
            while let Some(step) = steps.next().unwrap() {
                let step: String = step.get("detail").unwrap();
                for table in ["events", "runs", "turns", "step_attempts", "e", "u", "t", "a"] {
                    let walks = format!("SCAN {table}");
                    let walks = step == walks || step.starts_with(&format!("{walks} "));
                    assert!(!walks, "{step}: {sql}");
                }
            }
        }
    }
}
