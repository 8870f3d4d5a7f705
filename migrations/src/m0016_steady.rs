//! How far steady time has come, and how far the wall clock was ahead of it.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Steady;

#[async_trait::async_trait]
impl MigrationTrait for Steady {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // One row.
        let table = "CREATE TABLE steady_time (
            id BIGINT PRIMARY KEY,
            at BIGINT NOT NULL,
            gap BIGINT NOT NULL
        )";
        manager.get_connection().execute_unprepared(table).await.map(drop)
    }
}
