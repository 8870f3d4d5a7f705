//! What lists of runs go by: the runs of one workflow, and those of one status.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct RunLists;

#[async_trait::async_trait]
impl MigrationTrait for RunLists {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let statements = [
            "CREATE INDEX runs_workflow ON runs (workflow_id, id)",
            // Most runs succeed, and are found without it.
            "CREATE INDEX runs_status ON runs (status, id) WHERE status <> 'succeeded'",
        ];
        for statement in statements {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
