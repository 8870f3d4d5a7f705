//! The statements of the writer: one for each table and batch, whatever the batch holds.
//!
//! A [`Batch`] comes as one parameter, an array of arrays, which both databases can turn into rows;
//! how is the only thing on which the texts differ.

use sea_orm::{DbBackend, Statement, Value};

use super::batch::Batch;

/// The type of a column of a batch.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    Int,
}
use Kind::{Int, Text};

/// Rows made from the batch `$1`, named `r`.
fn rows(backend: DbBackend, columns: &[(&str, Kind)]) -> String {
    let postgres = backend == DbBackend::Postgres;
    let column = |(at, (name, kind)): (usize, &(&str, Kind))| match (postgres, kind) {
        (true, Text) => format!("v->>{at} AS {name}"),
        (true, Int) => format!("(v->>{at})::bigint AS {name}"),
        (false, _) => format!("v->>{at} AS {name}"),
    };
    let columns = columns.iter().enumerate().map(column).collect::<Vec<_>>().join(", ");
    if postgres {
        format!("(SELECT {columns} FROM json_array_elements($1::json) AS v) AS r")
    } else {
        // The limit keeps SQLite from asking for the whole row again for each of its columns.
        format!("(SELECT {columns} FROM (SELECT value AS v FROM jsonb_each($1) LIMIT -1)) AS r")
    }
}

fn insert(backend: DbBackend, table: &str, columns: &[(&str, Kind)]) -> String {
    let names = columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let rows = rows(backend, columns);
    // `WHERE true` keeps SQLite from reading `ON CONFLICT` as a join.
    format!("INSERT INTO {table} ({names}) SELECT {names} FROM {rows} WHERE true")
}

pub(super) const EVENT_COLUMNS: &str = "e.seq, e.id, e.event_id, e.event_type, e.source, e.subject, \
    e.status, e.received_at, e.occurred_at, e.processed_at, e.payload_preview, e.payload_bytes, \
    e.runs_open, e.runs_failed, e.attempts, e.error, e.replay_of, e.key_id, e.error_group, e.bulk_id, \
    e.held";

/// The texts, made once when the database is opened.
pub(super) struct Statements {
    backend: DbBackend,
    pub(super) known_events: String,
    pub(super) known_keys: String,
    pub(super) insert_keys: String,
    pub(super) replace_keys: String,
    pub(super) insert_events: String,
    pub(super) insert_bodies: String,
    pub(super) insert_runs: String,
    pub(super) insert_turns: String,
    pub(super) delete_turns: String,
    pub(super) next_of_keys: String,
    /// Of the workflow `$1`, as far as its limit has room.
    pub(super) give_turns: String,
    pub(super) due_turns: String,
    pub(super) begin_turns: String,
    /// Postgres, where other nodes settle runs of the same events.
    pub(super) lock_events: String,
    pub(super) runs_with_events: String,
    pub(super) update_runs: String,
    pub(super) update_events: String,
    pub(super) insert_attempts: String,
    /// Those of a run up to a number.
    pub(super) forget_attempts: String,
    pub(super) insert_changes: String,
    pub(super) add_status_counts: String,
    pub(super) add_rollups: String,
    pub(super) add_latencies: String,
    pub(super) add_source_counts: String,
    pub(super) add_type_latencies: String,
    pub(super) add_to_error_groups: String,
    pub(super) take_from_error_groups: String,
    pub(super) insert_notes: String,
    pub(super) mark_bulk: String,
    pub(super) add_runs: String,
    pub(super) extend_leases: String,
    pub(super) touch_keys: String,
}

impl Statements {
    pub(super) fn new(backend: DbBackend) -> Self {
        let rows = |columns: &[(&str, Kind)]| rows(backend, columns);
        let identity = rows(&[("source", Text), ("event_id", Text)]);
        let run_ids = rows(&[("id", Text)]);
        let postgres = backend == DbBackend::Postgres;
        let greatest = if postgres { "GREATEST" } else { "MAX" };
        // Another node may be cancelling the run: then this waits, and sees it cancelled.
        let lock = if postgres { "FOR UPDATE OF u" } else { "" };
        let insert_keys = insert(
            backend,
            "idempotency_keys",
            &[
                ("key_id", Text),
                ("key", Text),
                ("fingerprint", Text),
                ("event", Text),
                ("created_at", Int),
            ],
        );
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
                rows(&[("key_id", Text), ("key", Text)])
            ),
            // One that is forgotten may still lie there.
            replace_keys: insert_keys.clone()
                + " ON CONFLICT (key_id, key) DO UPDATE SET fingerprint = excluded.fingerprint,
                    event = excluded.event, created_at = excluded.created_at",
            insert_keys,
            insert_events: insert(
                backend,
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
                    ("runs_failed", Int),
                ],
            )
            .replace("runs_failed)", "runs_failed, attempts)")
            .replace("runs_failed FROM", "runs_failed, 0 FROM"),
            insert_bodies: insert(
                backend,
                "event_bodies",
                &[("seq", Int), ("payload", Text), ("headers", Text)],
            ),
            insert_runs: insert(
                backend,
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
            ),
            insert_turns: insert(
                backend,
                "turns",
                &[
                    ("run_id", Text),
                    ("workflow_id", Text),
                    ("event_seq", Int),
                    ("order_key", Text),
                    ("stand", Int),
                ],
            ),
            delete_turns: format!("DELETE FROM turns WHERE run_id IN (SELECT id FROM {run_ids})"),
            next_of_keys: format!(
                "UPDATE turns SET stand = 1 WHERE run_id IN (
                    SELECT (SELECT t.run_id FROM turns t
                        WHERE t.workflow_id = r.workflow_id AND t.order_key = r.order_key
                            AND t.stand = 0 ORDER BY t.event_seq LIMIT 1)
                    FROM {} WHERE NOT EXISTS (SELECT 1 FROM turns t
                        WHERE t.workflow_id = r.workflow_id AND t.order_key = r.order_key
                            AND t.stand > 0))",
                rows(&[("workflow_id", Text), ("order_key", Text)])
            ),
            give_turns: format!(
                "UPDATE turns SET stand = 2 WHERE run_id IN (
                    SELECT run_id FROM turns WHERE workflow_id = $1 AND stand = 1
                    ORDER BY event_seq LIMIT COALESCE((SELECT {greatest}(0, room -
                            (SELECT COUNT(*) FROM turns WHERE workflow_id = $1 AND stand = 3))
                        FROM turn_limits WHERE workflow_id = $1 AND room IS NOT NULL), 1000000))"
            ),
            due_turns: format!(
                "UPDATE runs SET due_at = r.due_at FROM {} CROSS JOIN turns t
                 WHERE t.workflow_id = r.workflow_id AND t.stand = 2 AND runs.id = t.run_id",
                rows(&[("workflow_id", Text), ("due_at", Int)])
            ),
            begin_turns: format!(
                "UPDATE turns SET stand = 3
                 WHERE stand = 2 AND workflow_id IN (SELECT workflow_id FROM {})",
                rows(&[("workflow_id", Text)])
            ),
            lock_events: format!(
                "SELECT e.seq FROM events e WHERE e.seq IN
                    (SELECT u.event_seq FROM {run_ids} CROSS JOIN runs u WHERE u.id = r.id)
                 ORDER BY e.seq FOR UPDATE"
            ),
            runs_with_events: format!(
                "SELECT u.id AS run_id, u.lease_owner, u.status AS run_status, u.workflow_id, u.test, {EVENT_COLUMNS}
                 FROM {run_ids} CROSS JOIN runs u LEFT JOIN events e ON e.seq = u.event_seq
                 WHERE u.id = r.id {lock}"
            ),
            update_runs: format!(
                "UPDATE runs SET status = r.status, due_at = r.due_at, lease_owner = r.lease_owner,
                    state = r.state, attempts = r.attempts, error = r.error,
                    started_at = r.started_at, finished_at = r.finished_at
                 FROM {} WHERE runs.id = r.id",
                rows(&[
                    ("id", Text),
                    ("status", Text),
                    ("due_at", Int),
                    ("lease_owner", Text),
                    ("state", Text),
                    ("attempts", Int),
                    ("error", Text),
                    ("started_at", Int),
                    ("finished_at", Int),
                ])
            ),
            update_events: format!(
                "UPDATE events SET status = r.status, processed_at = r.processed_at,
                    runs_open = r.runs_open, runs_failed = r.runs_failed, attempts = r.attempts,
                    error = r.error, error_group = r.error_group, bulk_id = r.bulk_id
                 FROM {} WHERE events.seq = r.seq",
                rows(&[
                    ("seq", Int),
                    ("status", Text),
                    ("processed_at", Int),
                    ("runs_open", Int),
                    ("runs_failed", Int),
                    ("attempts", Int),
                    ("error", Text),
                    ("error_group", Text),
                    ("bulk_id", Text),
                ])
            ),
            insert_attempts: insert(
                backend,
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
            ),
            forget_attempts: format!(
                "DELETE FROM step_attempts WHERE (run_id, number) IN (
                    SELECT a.run_id, a.number FROM {} CROSS JOIN step_attempts a
                    WHERE a.run_id = r.run_id AND a.number <= r.number)",
                rows(&[("run_id", Text), ("number", Int)])
            ),
            insert_changes: insert(backend, "event_changes", &[("id", Int), ("event_seq", Int)]),
            add_status_counts: format!(
                "UPDATE status_counts SET count = status_counts.count + r.delta,
                    bytes = status_counts.bytes + r.bytes
                 FROM {} WHERE status_counts.status = r.status",
                rows(&[("status", Text), ("delta", Int), ("bytes", Int)])
            ),
            add_source_counts: format!(
                "UPDATE source_limits SET events = source_limits.events + r.delta,
                    bytes = source_limits.bytes + r.bytes
                 FROM {} WHERE source_limits.status = r.status AND source_limits.source = r.source",
                rows(&[("status", Text), ("source", Text), ("delta", Int), ("bytes", Int)])
            ),
            add_rollups: insert(
                backend,
                "event_rollups",
                &[
                    ("minute", Int),
                    ("event_type", Text),
                    ("source", Text),
                    ("accepted", Int),
                    ("processed", Int),
                    ("failed", Int),
                ],
            ) + " ON CONFLICT (minute, event_type, source) DO UPDATE SET
                    accepted = event_rollups.accepted + excluded.accepted,
                    processed = event_rollups.processed + excluded.processed,
                    failed = event_rollups.failed + excluded.failed",
            add_latencies: insert(
                backend,
                "latency_rollups",
                &[("minute", Int), ("bucket", Int), ("count", Int)],
            ) + " ON CONFLICT (minute, bucket) DO UPDATE SET
                    count = latency_rollups.count + excluded.count",
            add_type_latencies: insert(
                backend,
                "type_latencies",
                &[("hour", Int), ("event_type", Text), ("bucket", Int), ("count", Int)],
            ) + " ON CONFLICT (hour, event_type, bucket) DO UPDATE SET
                    count = type_latencies.count + excluded.count",
            add_to_error_groups: insert(
                backend,
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
            )
                + " ON CONFLICT (id) DO UPDATE SET count = error_groups.count + excluded.count,
                    seen = error_groups.seen + excluded.seen, last_seen = excluded.last_seen",
            take_from_error_groups: format!(
                "UPDATE error_groups SET count = error_groups.count - r.count
                 FROM {} WHERE error_groups.id = r.id",
                rows(&[("id", Text), ("count", Int)])
            ),
            insert_notes: insert(
                backend,
                "event_notes",
                &[("id", Text), ("event_seq", Int), ("at", Int), ("author", Text), ("note", Text)],
            ),
            mark_bulk: format!(
                "UPDATE events SET bulk_id = r.bulk_id FROM {} WHERE events.seq = r.seq",
                rows(&[("seq", Int), ("bulk_id", Text)])
            ),
            add_runs: insert(
                backend,
                "run_rollups",
                &[
                    ("minute", Int),
                    ("workflow_id", Text),
                    ("bucket", Int),
                    ("count", Int),
                    ("failed", Int),
                ],
            ) + " ON CONFLICT (minute, workflow_id, bucket) DO UPDATE SET
                    count = run_rollups.count + excluded.count,
                    failed = run_rollups.failed + excluded.failed",
            extend_leases: format!(
                "UPDATE runs SET due_at = $2 FROM {run_ids}
                 WHERE runs.id = r.id AND runs.lease_owner = $3 AND runs.due_at <= $4"
            ),
            touch_keys: format!(
                "UPDATE api_keys SET last_used_at = r.at FROM {} WHERE api_keys.id = r.id",
                rows(&[("id", Text), ("at", Int)])
            ),
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
