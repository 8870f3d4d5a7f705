//! What the payloads say, to be searched: an index of its own, filled behind intake, and how far it has
//! come.

use sea_orm_migration::prelude::*;

use crate::Dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Search;

#[async_trait::async_trait]
impl MigrationTrait for Search {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for statement in statements(&Dialect::of(manager)) {
            connection.execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}

/// Terms are made by the engine and kept as they are, one on each line: on SQLite only a line's end, a
/// control character or an apostrophe could part them, and the engine leaves none of these in. What
/// counts is whether an event has a term, not where: positions are not kept.
fn statements(dialect: &Dialect) -> Vec<String> {
    let mut all = if dialect.is_postgres() {
        vec![
            "CREATE TABLE event_search (rowid BIGINT PRIMARY KEY, terms TSVECTOR NOT NULL)"
                .to_owned(),
            "CREATE INDEX event_search_terms ON event_search USING gin (terms)".to_owned(),
        ]
    } else {
        let within_terms: String = (' '..='~')
            .filter(|character| !character.is_ascii_alphanumeric() && *character != '\'')
            .map(
                |character| {
                    if character == '"' { "\"\"".to_owned() } else { character.to_string() }
                },
            )
            .collect();
        vec![format!(
            "CREATE VIRTUAL TABLE event_search USING fts5(
                terms, content='', contentless_delete=1, detail=none,
                tokenize=\"ascii tokenchars '{within_terms}'\"
            )"
        )]
    };
    // The last event that is in the index.
    all.push("CREATE TABLE search_position (seq BIGINT NOT NULL)".to_owned());
    all.push("INSERT INTO search_position (seq) VALUES (0)".to_owned());
    all
}
