//! Deliveries that were not believed, whole, so that they can be checked again.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Quarantine;

#[async_trait::async_trait]
impl MigrationTrait for Quarantine {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        // The body is base64: it may be any bytes.
        let table = "CREATE TABLE quarantine (
            id TEXT PRIMARY KEY,
            source TEXT NOT NULL,
            cause TEXT NOT NULL,
            detail TEXT NOT NULL,
            headers TEXT NOT NULL,
            body TEXT NOT NULL,
            received_at BIGINT NOT NULL
        )";
        connection.execute_unprepared(table).await?;
        let index = "CREATE INDEX quarantine_source ON quarantine (source, id)";
        connection.execute_unprepared(index).await?;
        Ok(())
    }
}
