//! Dead letters by what went wrong, operations on many events at once, and what people noted.

use sea_orm_migration::prelude::*;

use crate::Dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Bulk;

#[async_trait::async_trait]
impl MigrationTrait for Bulk {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = Dialect::of(manager).bytewise_text();
        let connection = manager.get_connection();
        let statements = [
            // The group of a failed event, and the operation that touched it last.
            "ALTER TABLE events ADD COLUMN error_group TEXT".to_owned(),
            "ALTER TABLE events ADD COLUMN bulk_id TEXT".into(),
            "CREATE INDEX events_group ON events (error_group, seq) WHERE error_group IS NOT NULL"
                .into(),
            "CREATE INDEX events_bulk ON events (bulk_id, seq) WHERE bulk_id IS NOT NULL".into(),
            // `count` is how many events are failed for this reason now, `seen` how many ever were.
            "CREATE TABLE error_groups (
                id TEXT PRIMARY KEY,
                workflow TEXT,
                step TEXT,
                code TEXT NOT NULL,
                http_status BIGINT,
                message TEXT NOT NULL,
                count BIGINT NOT NULL,
                seen BIGINT NOT NULL,
                first_seen BIGINT NOT NULL,
                last_seen BIGINT NOT NULL
            )"
            .into(),
            // `position` and the counts change in the commit of each batch: a crash repeats nothing.
            format!(
                "CREATE TABLE bulk_operations (
                    id {text} PRIMARY KEY,
                    action TEXT NOT NULL,
                    filter TEXT NOT NULL,
                    note TEXT,
                    created_by TEXT NOT NULL,
                    created_at BIGINT NOT NULL,
                    finished_at BIGINT,
                    state TEXT NOT NULL,
                    reason TEXT,
                    canary BOOLEAN NOT NULL,
                    phase TEXT NOT NULL,
                    watched TEXT NOT NULL,
                    upper_seq BIGINT NOT NULL,
                    position BIGINT NOT NULL,
                    total BIGINT NOT NULL,
                    done BIGINT NOT NULL,
                    succeeded BIGINT NOT NULL,
                    failed BIGINT NOT NULL,
                    skipped BIGINT NOT NULL
                )"
            ),
            "CREATE INDEX bulk_operations_open ON bulk_operations (id)
                WHERE state IN ('planned', 'running', 'paused')"
                .into(),
            format!(
                "CREATE TABLE event_notes (
                    id {text} PRIMARY KEY,
                    event_seq BIGINT NOT NULL,
                    at BIGINT NOT NULL,
                    author TEXT NOT NULL,
                    note TEXT NOT NULL
                )"
            ),
            "CREATE INDEX event_notes_event ON event_notes (event_seq)".into(),
        ];
        for statement in statements {
            connection.execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}
