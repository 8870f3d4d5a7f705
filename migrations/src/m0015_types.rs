//! What the payloads of each event type look like, when that changed, and how long its events took.

use sea_orm_migration::prelude::*;

use crate::Dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Types;

#[async_trait::async_trait]
impl MigrationTrait for Types {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for statement in statements(&Dialect::of(manager)) {
            connection.execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}

fn statements(dialect: &Dialect) -> Vec<String> {
    let text = dialect.bytewise_text();
    vec![
        format!(
            "CREATE TABLE type_shapes (
                event_type {text} PRIMARY KEY,
                shape TEXT NOT NULL,
                events BIGINT NOT NULL,
                bytes BIGINT NOT NULL,
                largest BIGINT NOT NULL,
                first_seen BIGINT NOT NULL,
                last_seen BIGINT NOT NULL
            )"
        ),
        format!(
            "CREATE TABLE type_changes (
                id {text} PRIMARY KEY,
                event_type {text} NOT NULL,
                at BIGINT NOT NULL,
                event_id TEXT NOT NULL,
                path TEXT NOT NULL,
                turn TEXT NOT NULL,
                was TEXT,
                became TEXT
            )"
        ),
        "CREATE INDEX type_changes_type ON type_changes (event_type, id)".into(),
        "CREATE INDEX type_changes_time ON type_changes (at)".into(),
        // The last event that was looked at. Of those that are there already, only the newest are.
        "CREATE TABLE shape_progress (id BIGINT PRIMARY KEY, position BIGINT NOT NULL)".into(),
        "INSERT INTO shape_progress (id, position)
            SELECT 1, COALESCE(MAX(seq), 0) - 10000 FROM events"
            .into(),
        // `bucket` is one of those that `latency_rollups` has.
        format!(
            "CREATE TABLE type_latencies (
                hour BIGINT NOT NULL,
                event_type {text} NOT NULL,
                bucket BIGINT NOT NULL,
                count BIGINT NOT NULL,
                PRIMARY KEY (hour, event_type, bucket)
            )"
        ),
    ]
}
