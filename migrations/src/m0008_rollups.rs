//! Minutes of each workflow: how many runs ended, how many of them failed, how long they took.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Rollups;

#[async_trait::async_trait]
impl MigrationTrait for Rollups {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // `bucket` is one of those that `latency_rollups` has.
        let runs = "CREATE TABLE run_rollups (
            minute BIGINT NOT NULL,
            workflow_id TEXT NOT NULL,
            bucket BIGINT NOT NULL,
            count BIGINT NOT NULL,
            failed BIGINT NOT NULL,
            PRIMARY KEY (minute, workflow_id, bucket)
        )";
        manager.get_connection().execute_unprepared(runs).await?;
        Ok(())
    }
}
