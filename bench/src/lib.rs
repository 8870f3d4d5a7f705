//! Drives a built `sluice` from outside, through its public surface only.
//!
//! The load generator, the trials and the integration tests of `server/` share
//! this crate, so that what the tests sample is the very code that
//! `cargo xtask bench` runs in full. Invariant: nothing here links the server.

pub mod arrivals;
pub mod bare;
pub mod doors;
pub mod http;
pub mod ingest;
pub mod ledger;
pub mod lists;
pub mod load;
pub mod process;
pub mod purge;
pub mod sink;
pub mod sluice;
pub mod sse;
pub mod trials;
pub mod variants;
pub mod wire;
pub mod workflows;
