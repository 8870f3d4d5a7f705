//! Which migrations a database has had, beside those that this version knows.

use migrations::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};

pub(super) struct Schema {
    known: Vec<String>,
    applied: Vec<String>,
}

impl Schema {
    /// Makes nothing, not even the table in which they are noted.
    pub(super) async fn of(connection: &DatabaseConnection) -> Result<Self, DbErr> {
        let known = Migrator::migrations().iter().map(|known| known.name().to_owned()).collect();
        let backend = connection.get_database_backend();
        let noted = match backend {
            DbBackend::Postgres => {
                "SELECT COUNT(*) FROM information_schema.tables
                    WHERE table_name = 'seaql_migrations' AND table_schema = current_schema()"
            }
            _ => "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'seaql_migrations'",
        };
        let noted = connection.query_one_raw(Statement::from_string(backend, noted)).await?;
        if noted.map_or(Ok(0), |row| row.try_get_by_index::<i64>(0))? == 0 {
            return Ok(Self { known, applied: Vec::new() });
        }
        let applied = "SELECT version FROM seaql_migrations ORDER BY version";
        let rows = connection.query_all_raw(Statement::from_string(backend, applied)).await?;
        let applied = rows.iter().map(|row| row.try_get_by_index::<String>(0));
        Ok(Self { known, applied: applied.collect::<Result<_, _>>()? })
    }

    /// Whether there is nothing in it yet.
    pub(super) fn is_new(&self) -> bool {
        self.applied.is_empty()
    }

    /// Those that are still to come.
    pub(super) fn pending(&self) -> impl Iterator<Item = &String> {
        self.known.iter().filter(|known| !self.applied.contains(known))
    }

    /// Those of a newer version.
    pub(super) fn unknown(&self) -> impl Iterator<Item = &String> {
        self.applied.iter().filter(|applied| !self.known.contains(applied))
    }
}
