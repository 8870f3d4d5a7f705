//! What outgoing calls need to keep secret: named values, and the secrets that workflows sign with.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Secrets;

#[async_trait::async_trait]
impl MigrationTrait for Secrets {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let named = "CREATE TABLE secrets (
            name TEXT PRIMARY KEY,
            sealed TEXT NOT NULL,
            created_at BIGINT NOT NULL,
            updated_at BIGINT NOT NULL
        )";
        connection.execute_unprepared(named).await?;
        // One for a workflow, which keeps it through all of its versions.
        let signing = "CREATE TABLE signing_secrets (
            workflow_id TEXT PRIMARY KEY,
            sealed TEXT NOT NULL,
            created_at BIGINT NOT NULL,
            updated_at BIGINT NOT NULL
        )";
        connection.execute_unprepared(signing).await?;
        Ok(())
    }
}
