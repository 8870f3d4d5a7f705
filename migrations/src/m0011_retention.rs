//! How long events are kept.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Retention;

#[async_trait::async_trait]
impl MigrationTrait for Retention {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A source without a name of its own is every source that has no rule; NULL would not be unique.
        let table = "CREATE TABLE retention_rules (
            status TEXT NOT NULL,
            source TEXT NOT NULL,
            keep_millis BIGINT NOT NULL,
            created_at BIGINT NOT NULL,
            PRIMARY KEY (status, source)
        )";
        manager.get_connection().execute_unprepared(table).await.map(drop)
    }
}
