//! Whose a session is and where it was begun: people see theirs, and end those that they do not know.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct SessionOwner;

#[async_trait::async_trait]
impl MigrationTrait for SessionOwner {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let statements = [
            // Nobody could see these: whoever is signed in signs in once more.
            "DELETE FROM sessions",
            "ALTER TABLE sessions ADD COLUMN user_id TEXT",
            "ALTER TABLE sessions ADD COLUMN client TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE sessions ADD COLUMN address TEXT NOT NULL DEFAULT ''",
            "CREATE INDEX sessions_user ON sessions (user_id)",
        ];
        for statement in statements {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
