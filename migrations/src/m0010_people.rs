//! Invitations, and the log of who changed what.

use sea_orm_migration::prelude::*;

use crate::Dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct People;

#[async_trait::async_trait]
impl MigrationTrait for People {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for statement in statements(&Dialect::of(manager)) {
            connection.execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}

fn statements(dialect: &Dialect) -> Vec<String> {
    let text = dialect.bytewise_text();
    vec![
        // One for each address: a new one ends the one before.
        "CREATE TABLE invitations (
            email TEXT PRIMARY KEY,
            token_hash TEXT NOT NULL UNIQUE,
            role TEXT NOT NULL,
            invited_by TEXT NOT NULL,
            created_at BIGINT NOT NULL,
            expires_at BIGINT NOT NULL
        )"
        .into(),
        // Ids begin with their time, so their order is the order of the log.
        format!(
            "CREATE TABLE audit_entries (
                id {text} PRIMARY KEY,
                at BIGINT NOT NULL,
                actor_kind TEXT NOT NULL,
                actor TEXT NOT NULL,
                action TEXT NOT NULL,
                object TEXT NOT NULL,
                detail TEXT NOT NULL
            )"
        ),
        "CREATE INDEX audit_entries_actor ON audit_entries (actor, id)".into(),
        "CREATE INDEX audit_entries_object ON audit_entries (object, id)".into(),
    ]
}
