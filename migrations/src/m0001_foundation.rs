//! Events with their bodies, keys, users, workflows, runs with their attempts, and the counters
//! that change together with them.

use sea_orm_migration::prelude::*;

use crate::Dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Foundation;

#[async_trait::async_trait]
impl MigrationTrait for Foundation {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dialect = Dialect::of(manager);
        let connection = manager.get_connection();
        for statement in statements(&dialect) {
            connection.execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}

/// Times are milliseconds since 1970, UTC. JSON is kept as text, byte for byte as it came.
fn statements(dialect: &Dialect) -> Vec<String> {
    let key = dialect.sequence_key();
    let text = dialect.bytewise_text();
    let mut all = vec![
        // The narrow, hot half of an event; `seq` follows the order of commits.
        format!(
            "CREATE TABLE events (
                seq {key},
                id {text} NOT NULL,
                event_id {text} NOT NULL,
                event_type {text} NOT NULL,
                source {text} NOT NULL,
                subject TEXT,
                status TEXT NOT NULL,
                received_at BIGINT NOT NULL,
                occurred_at BIGINT,
                processed_at BIGINT,
                payload_preview TEXT NOT NULL,
                payload_bytes BIGINT NOT NULL,
                runs_open BIGINT NOT NULL,
                runs_failed BIGINT NOT NULL,
                attempts BIGINT NOT NULL,
                error TEXT,
                replay_of TEXT,
                key_id TEXT
            )"
        ),
        "CREATE UNIQUE INDEX events_id ON events (id)".into(),
        "CREATE UNIQUE INDEX events_identity ON events (source, event_id)".into(),
        "CREATE INDEX events_type ON events (event_type, seq)".into(),
        "CREATE INDEX events_source ON events (source, seq)".into(),
        "CREATE INDEX events_failed ON events (seq) WHERE status = 'failed'".into(),
        "CREATE INDEX events_pending ON events (seq) WHERE status = 'pending'".into(),
        "CREATE INDEX events_processing ON events (seq) WHERE status = 'processing'".into(),
        format!(
            "CREATE TABLE event_bodies (
                seq {key},
                payload TEXT NOT NULL,
                headers TEXT NOT NULL
            )"
        ),
        // The keys that senders gave, for as long as they are remembered.
        "CREATE TABLE idempotency_keys (
            key_id TEXT NOT NULL,
            key TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            event TEXT NOT NULL,
            created_at BIGINT NOT NULL,
            PRIMARY KEY (key_id, key)
        )"
        .into(),
        "CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at)".into(),
        // Status changes after arrival, so that a live stream can resume; trimmed by the writer.
        format!("CREATE TABLE event_changes (id {key}, event_seq BIGINT NOT NULL)"),
        "CREATE TABLE status_counts (status TEXT PRIMARY KEY, count BIGINT NOT NULL)".into(),
        "INSERT INTO status_counts (status, count) VALUES
            ('pending', 0), ('processing', 0), ('processed', 0), ('failed', 0)"
            .into(),
        "CREATE TABLE event_rollups (
            minute BIGINT NOT NULL,
            event_type TEXT NOT NULL,
            source TEXT NOT NULL,
            accepted BIGINT NOT NULL,
            processed BIGINT NOT NULL,
            failed BIGINT NOT NULL,
            PRIMARY KEY (minute, event_type, source)
        )"
        .into(),
        "CREATE TABLE latency_rollups (
            minute BIGINT NOT NULL,
            bucket BIGINT NOT NULL,
            count BIGINT NOT NULL,
            PRIMARY KEY (minute, bucket)
        )"
        .into(),
        "CREATE TABLE api_keys (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            prefix TEXT NOT NULL UNIQUE,
            secret_hash TEXT NOT NULL,
            permissions TEXT NOT NULL,
            scopes TEXT NOT NULL,
            rate_limit TEXT,
            created_at BIGINT NOT NULL,
            expires_at BIGINT,
            revoked_at BIGINT,
            last_used_at BIGINT
        )"
        .into(),
        "CREATE TABLE users (
            id TEXT PRIMARY KEY,
            email TEXT NOT NULL UNIQUE,
            role TEXT NOT NULL,
            password_hash TEXT NOT NULL,
            created_at BIGINT NOT NULL
        )"
        .into(),
        "CREATE TABLE setup_links (
            token_hash TEXT PRIMARY KEY,
            expires_at BIGINT NOT NULL
        )"
        .into(),
        "CREATE TABLE sessions (
            id TEXT PRIMARY KEY,
            data TEXT NOT NULL,
            expires_at BIGINT NOT NULL
        )"
        .into(),
        "CREATE TABLE workflows (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            enabled BOOLEAN NOT NULL,
            version BIGINT NOT NULL,
            created_at BIGINT NOT NULL,
            updated_at BIGINT NOT NULL
        )"
        .into(),
        "CREATE TABLE workflow_versions (
            workflow_id TEXT NOT NULL,
            version BIGINT NOT NULL,
            definition TEXT NOT NULL,
            created_at BIGINT NOT NULL,
            PRIMARY KEY (workflow_id, version)
        )"
        .into(),
        // `due_at` is when a run needs attention next: its start, its retry, or the end of its
        // lease. NULL once it has finished.
        format!(
            "CREATE TABLE runs (
                id {text} PRIMARY KEY,
                event_seq BIGINT NOT NULL,
                workflow_id TEXT NOT NULL,
                workflow_name TEXT NOT NULL,
                workflow_version BIGINT NOT NULL,
                trigger_index BIGINT NOT NULL,
                status TEXT NOT NULL,
                due_at BIGINT,
                lease_owner TEXT,
                state TEXT NOT NULL,
                attempts BIGINT NOT NULL,
                error TEXT,
                created_at BIGINT NOT NULL,
                started_at BIGINT,
                finished_at BIGINT
            )"
        ),
        "CREATE INDEX runs_event ON runs (event_seq)".into(),
        "CREATE INDEX runs_due ON runs (due_at) WHERE due_at IS NOT NULL".into(),
        format!(
            "CREATE TABLE step_attempts (
                run_id {text} NOT NULL,
                number BIGINT NOT NULL,
                step TEXT NOT NULL,
                attempt BIGINT NOT NULL,
                status TEXT NOT NULL,
                started_at BIGINT NOT NULL,
                duration_ms BIGINT NOT NULL,
                request TEXT,
                response TEXT,
                error TEXT,
                PRIMARY KEY (run_id, number)
            )"
        ),
    ];
    if dialect.is_postgres() {
        all.push("CREATE SEQUENCE events_seq".into());
        all.push("CREATE SEQUENCE event_changes_seq".into());
    }
    all
}
