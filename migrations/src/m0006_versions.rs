//! Runs that are only tests: their event does not count them.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Versions;

#[async_trait::async_trait]
impl MigrationTrait for Versions {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let column = "ALTER TABLE runs ADD COLUMN test BOOLEAN NOT NULL DEFAULT FALSE";
        connection.execute_unprepared(column).await?;
        Ok(())
    }
}
