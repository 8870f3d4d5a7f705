//! How much is kept of a source.

use sea_orm_migration::prelude::*;

use crate::Dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct SourceLimits;

#[async_trait::async_trait]
impl MigrationTrait for SourceLimits {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = Dialect::of(manager).bytewise_text();
        // `events` and `bytes` are what there is, counted when the limit is set, at times anew
        // (`counted_at`), and in between in the commit of each change.
        let table = format!(
            "CREATE TABLE source_limits (
                status TEXT NOT NULL,
                source {text} NOT NULL,
                max_bytes BIGINT NOT NULL,
                created_at BIGINT NOT NULL,
                events BIGINT NOT NULL,
                bytes BIGINT NOT NULL,
                counted_at BIGINT NOT NULL,
                PRIMARY KEY (status, source)
            )"
        );
        manager.get_connection().execute_unprepared(&table).await.map(drop)
    }
}
