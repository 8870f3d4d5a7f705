//! What operators need: events that nobody may remove, erasures with their receipts, and limits of size.

use sea_orm_migration::prelude::*;

use crate::Dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Erasure;

#[async_trait::async_trait]
impl MigrationTrait for Erasure {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for statement in statements(&Dialect::of(manager)) {
            connection.execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}

fn statements(dialect: &Dialect) -> Vec<String> {
    let (key, text) = (dialect.sequence_key(), dialect.bytewise_text());
    vec![
        "ALTER TABLE events ADD COLUMN held BOOLEAN NOT NULL DEFAULT FALSE".into(),
        "CREATE INDEX events_held ON events (seq) WHERE held".into(),
        format!(
            "CREATE TABLE event_holds (
                event_seq {key},
                at BIGINT NOT NULL,
                author TEXT NOT NULL,
                note TEXT
            )"
        ),
        // `sealed` is what is looked for, encrypted, and NULL once the erasure has ended; `position`
        // and the counts change in the commit of each batch.
        format!(
            "CREATE TABLE erasures (
                id {text} PRIMARY KEY,
                created_by TEXT NOT NULL,
                created_at BIGINT NOT NULL,
                finished_at BIGINT,
                state TEXT NOT NULL,
                kind TEXT NOT NULL,
                path TEXT,
                value_hash TEXT NOT NULL,
                sealed TEXT,
                upper_seq BIGINT NOT NULL,
                position BIGINT NOT NULL,
                events BIGINT NOT NULL,
                runs BIGINT NOT NULL,
                bytes BIGINT NOT NULL,
                held BIGINT NOT NULL,
                deliveries BIGINT NOT NULL,
                digest TEXT NOT NULL
            )"
        ),
        // How many bytes of payloads there are, beside how many events.
        "ALTER TABLE status_counts ADD COLUMN bytes BIGINT NOT NULL DEFAULT 0".into(),
        "UPDATE status_counts SET bytes = COALESCE((SELECT SUM(e.payload_bytes) FROM events e
            WHERE e.status = status_counts.status), 0)"
            .into(),
        "CREATE TABLE retention_limits (
            status TEXT PRIMARY KEY,
            max_bytes BIGINT NOT NULL,
            created_at BIGINT NOT NULL
        )"
        .into(),
    ]
}
