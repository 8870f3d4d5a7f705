//! Runs that wait for their turn, and how many of a workflow's runs may have it at once.

use sea_orm_migration::prelude::*;

use crate::Dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Turns;

#[async_trait::async_trait]
impl MigrationTrait for Turns {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = Dialect::of(manager).bytewise_text();
        let connection = manager.get_connection();
        let statements = [
            // The open runs of workflows that have turns; no other run has a row here. `stand` is 0
            // while another run with the same key comes first, 1 while the workflow has no room, 2
            // within the transaction that gives the turn, and 3 from then on.
            format!(
                "CREATE TABLE turns (
                    run_id {text} PRIMARY KEY,
                    workflow_id TEXT NOT NULL,
                    event_seq BIGINT NOT NULL,
                    order_key TEXT,
                    stand BIGINT NOT NULL
                )"
            ),
            "CREATE INDEX turns_workflow ON turns (workflow_id, stand, event_seq)".into(),
            "CREATE INDEX turns_key ON turns (workflow_id, order_key, stand, event_seq)
                WHERE order_key IS NOT NULL"
                .into(),
            // Kept when a workflow is deleted: its runs go on. NULL is no limit any more.
            "CREATE TABLE turn_limits (workflow_id TEXT PRIMARY KEY, room BIGINT)".into(),
        ];
        for statement in statements {
            connection.execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}
