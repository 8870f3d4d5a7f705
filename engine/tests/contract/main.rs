//! What the engine promises, held against every database it runs on: each test here runs once on
//! SQLite and once on Postgres.
//!
//! Postgres is named by `SLUICE_TEST_POSTGRES`, which `cargo xtask test` sets; without it these
//! tests fail rather than pass unseen.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where an expectation does"
)]

mod databases;
mod sink;

mod accept;
mod alerts;
mod audit;
mod breaker;
mod bulk;
mod calls;
mod cancel;
mod clock;
mod counted;
mod definitions;
mod erasure;
mod hold;
mod overview;
mod people;
mod refused;
mod retention;
mod runs;
mod search;
mod shape;
mod sources;
mod trial;
mod turns;
mod upgrade;
mod versions;
mod watch;

/// Runs an async test on both databases.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::databases::Database::sqlite()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::databases::Database::postgres().await).await;
            })*
        }
    };
}
pub(crate) use on_both;
