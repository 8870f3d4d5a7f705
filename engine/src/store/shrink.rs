//! Giving the space of what was deleted back to the disk, in small steps beside the writer.
//!
//! A SQLite database made by Sluice keeps account of its free pages (`auto_vacuum=INCREMENTAL`), so that
//! they can be cut off its end. One that was made before that keeps its size and uses the space again;
//! `sluice doctor` says so, and a backup that is restored gives it back. Postgres does this by itself.

use std::time::Instant;

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::{Store, StoreError};

/// Pages that one step gives back.
const STEP: i64 = 64;
/// Free pages that stay, as the next events need them soon: 4 MiB.
const SPARE: i64 = 1_024;

/// How a SQLite database stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Whether free pages can be given back.
    pub gives_back: bool,
    pub free_bytes: u64,
    pub bytes: u64,
}

impl Store {
    /// `None` on Postgres.
    pub async fn space(&self) -> Result<Option<Space>, StoreError> {
        if self.read.get_database_backend() == DbBackend::Postgres {
            return Ok(None);
        }
        let number = async |what: &str| self.pragma(what).await.map(i64::unsigned_abs);
        let page = number("page_size").await?;
        Ok(Some(Space {
            gives_back: number("auto_vacuum").await? == 2,
            free_bytes: number("freelist_count").await? * page,
            bytes: number("page_count").await? * page,
        }))
    }

    /// Gives back what is free beyond a spare; how many pages.
    pub async fn shrink(&self) -> Result<i64, StoreError> {
        if self.read.get_database_backend() == DbBackend::Postgres
            || self.pragma("auto_vacuum").await? != 2
        {
            return Ok(0);
        }
        let mut given = 0;
        loop {
            let begun = Instant::now();
            let free = self.pragma("freelist_count").await? - SPARE;
            if free <= 0 {
                return Ok(given);
            }
            let step = free.min(STEP);
            self.writer.give_back(step).await?;
            given += step;
            // As long a rest as the work took: half of the writer's time is everybody else's.
            tokio::time::sleep(begun.elapsed()).await;
        }
    }

    async fn pragma(&self, name: &str) -> Result<i64, StoreError> {
        let sql = format!("PRAGMA {name}");
        let row = self.read.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql)).await?;
        Ok(row.map_or(Ok(0), |row| row.try_get_by_index(0))?)
    }
}
