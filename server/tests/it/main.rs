//! Sluice from outside: each test starts the binary on a data directory of its own.
//!
//! `SLUICE_BIN` names another binary than the one cargo has just built.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod alerts;
mod backup;
mod bulk;
mod closed_door;
mod command_line;
mod crash;
mod described;
mod editing;
mod erasure;
mod faults;
mod formats;
mod ingest;
mod lane;
mod live;
mod main_job;
mod monitoring;
mod overview;
mod people;
mod rate_limits;
mod real_payloads;
mod search;
mod secrets;
mod sign_in;
mod sources;
mod start;
mod startup;
mod telemetry;
mod upgrade;
mod watching;
