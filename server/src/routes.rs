//! The handlers, one module for each resource: parse, call the engine, convert.

pub(crate) mod alerts;
pub(crate) mod audit;
pub(crate) mod body;
pub(crate) mod bulk;
pub(crate) mod dead_letters;
pub(crate) mod erasures;
pub(crate) mod events;
mod export;
pub(crate) mod health;
pub(crate) mod ingest;
pub(crate) mod keys;
pub(crate) mod metrics;
pub(crate) mod not_found;
pub(crate) mod quarantine;
pub(crate) mod query;
pub(crate) mod retention;
pub(crate) mod runs;
pub(crate) mod secrets;
pub(crate) mod sign_in;
pub(crate) mod sources;
pub(crate) mod stats;
pub(crate) mod stream;
pub(crate) mod types;
pub(crate) mod users;
pub(crate) mod workflows;
