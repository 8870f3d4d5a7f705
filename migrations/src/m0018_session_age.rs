//! Since when a session has been: one that is used every day ends too.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct SessionAge;

#[async_trait::async_trait]
impl MigrationTrait for SessionAge {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let statements = [
            "ALTER TABLE sessions ADD COLUMN created_at BIGINT NOT NULL DEFAULT 0",
            // Until now each lasted seven days.
            "UPDATE sessions SET created_at = expires_at - 604800000",
        ];
        for statement in statements {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
