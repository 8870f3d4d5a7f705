//! The schema of Sluice, the same for SQLite and Postgres, forward only.
//!
//! A migration is plain SQL that both databases read; the few words on which they differ come from
//! [`Dialect`]. Released migrations never change: a new need is a new file, added to [`Migrator`].
//!
//! Invariant: a migration is one transaction with the note that it was done, on both databases. Whenever
//! the process ends, the next one finds a migration whole or not begun.

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

mod m0001_foundation;
mod m0002_sources;
mod m0003_quarantine;
mod m0004_secrets;
mod m0006_versions;
mod m0007_bulk;
mod m0008_rollups;
mod m0009_alerts;
mod m0010_people;
mod m0011_retention;
mod m0012_turns;
mod m0013_search;
mod m0014_erasure;
mod m0015_types;
mod m0016_steady;
mod m0017_run_lists;
mod m0018_session_age;
mod m0019_session_owner;
mod m0020_source_limits;

pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let all: Vec<Box<dyn MigrationTrait>> = vec![
            Box::new(m0001_foundation::Foundation),
            Box::new(m0002_sources::Sources),
            Box::new(m0003_quarantine::Quarantine),
            Box::new(m0004_secrets::Secrets),
            Box::new(m0006_versions::Versions),
            Box::new(m0007_bulk::Bulk),
            Box::new(m0009_alerts::Alerts),
            Box::new(m0008_rollups::Rollups),
            Box::new(m0010_people::People),
            Box::new(m0011_retention::Retention),
            Box::new(m0012_turns::Turns),
            Box::new(m0013_search::Search),
            Box::new(m0014_erasure::Erasure),
            Box::new(m0015_types::Types),
            Box::new(m0016_steady::Steady),
            Box::new(m0017_run_lists::RunLists),
            Box::new(m0018_session_age::SessionAge),
            Box::new(m0019_session_owner::SessionOwner),
            Box::new(m0020_source_limits::SourceLimits),
        ];
        all.into_iter().map(|each| Box::new(Whole(each)) as Box<dyn MigrationTrait>).collect()
    }
}

/// A migration that is done whole or not at all. By itself it would be so on Postgres alone.
struct Whole(Box<dyn MigrationTrait>);

impl MigrationName for Whole {
    fn name(&self) -> &str {
        self.0.name()
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Whole {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        self.0.up(manager).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// The words on which SQLite and Postgres differ.
pub(crate) struct Dialect {
    backend: DbBackend,
}

impl Dialect {
    pub(crate) fn of(manager: &SchemaManager<'_>) -> Self {
        Self { backend: manager.get_database_backend() }
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.backend == DbBackend::Postgres
    }

    /// A 64-bit key that the writer hands out; on SQLite it is the row id itself.
    pub(crate) fn sequence_key(&self) -> &'static str {
        if self.is_postgres() { "BIGINT PRIMARY KEY" } else { "INTEGER PRIMARY KEY" }
    }

    /// Text compared byte by byte, so that a prefix is a range of the index.
    pub(crate) fn bytewise_text(&self) -> &'static str {
        if self.is_postgres() { "TEXT COLLATE \"C\"" } else { "TEXT" }
    }
}
