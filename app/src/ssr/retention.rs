//! Retention for the dashboard.

use engine::Engine;
use engine::retention::limit::{self, Limit};
use engine::retention::{self, RetentionError, Rule, Settled, sweep};
use engine::workflow::duration;

use super::{convert, fail, invalid};
use crate::ApiError;
use crate::model::{RetentionLimitView, RetentionView};

pub async fn list(engine: &Engine) -> Result<Vec<RetentionView>, ApiError> {
    Ok(sweep::due(engine).await.map_err(fail)?.into_iter().map(convert::retention).collect())
}

/// `keep` such as `30d`; a blank source is every source without a rule of its own.
pub async fn set(engine: &Engine, status: &str, source: &str, keep: &str) -> Result<(), ApiError> {
    let keep = duration::parse(keep.trim()).map_err(invalid)?;
    let rule = Rule { status: settled(status)?, source: named(source), keep };
    retention::set(engine, rule).await.map_err(refused)
}

pub async fn remove(engine: &Engine, status: &str, source: &str) -> Result<(), ApiError> {
    retention::remove(engine, settled(status)?, named(source)).await.map_err(refused)
}

pub async fn limits(engine: &Engine) -> Result<Vec<RetentionLimitView>, ApiError> {
    let limits = limit::list(engine).await.map_err(fail)?;
    Ok(limits.into_iter().map(convert::retention_limit).collect())
}

/// `max` such as `20GiB`.
pub async fn set_limit(engine: &Engine, status: &str, max: &str) -> Result<(), ApiError> {
    let max_bytes = limit::parse(max).map_err(refused)?;
    limit::set(engine, Limit { status: settled(status)?, max_bytes }).await.map_err(refused)
}

pub async fn remove_limit(engine: &Engine, status: &str) -> Result<(), ApiError> {
    limit::remove(engine, settled(status)?).await.map_err(refused)
}

fn settled(status: &str) -> Result<Settled, ApiError> {
    Settled::parse(status).ok_or_else(|| invalid("Choose processed events or dead letters."))
}

fn named(source: &str) -> Option<String> {
    Some(source.trim().to_owned()).filter(|source| !source.is_empty())
}

fn refused(error: RetentionError) -> ApiError {
    match error {
        RetentionError::Store(_) => fail(error),
        error => invalid(error),
    }
}
