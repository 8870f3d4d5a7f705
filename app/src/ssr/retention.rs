//! Retention for the dashboard.

use engine::Engine;
use engine::retention::limit::{self, Limit};
use engine::retention::{self, RetentionError, Rule, Settled, going};
use engine::workflow::duration;

use super::{convert, fail, invalid};
use crate::ApiError;
use crate::model::{RetentionLimitView, RetentionPlan, RetentionView};

pub async fn list(engine: &Engine) -> Result<Vec<RetentionView>, ApiError> {
    Ok(going::due(engine).await.map_err(fail)?.into_iter().map(convert::retention).collect())
}

/// `keep` such as `30d`; a blank source is every source without a rule of its own.
pub async fn set(engine: &Engine, status: &str, source: &str, keep: &str) -> Result<(), ApiError> {
    retention::set(engine, rule(status, source, keep)?).await.map_err(refused)
}

/// What it would remove at once.
pub async fn plan(
    engine: &Engine,
    status: &str,
    source: &str,
    keep: &str,
) -> Result<RetentionPlan, ApiError> {
    let going = going::plan(engine, &rule(status, source, keep)?).await.map_err(refused)?;
    Ok(convert::retention_plan(going))
}

fn rule(status: &str, source: &str, keep: &str) -> Result<Rule, ApiError> {
    let keep = duration::parse(keep.trim()).map_err(invalid)?;
    Ok(Rule { status: settled(status)?, source: named(source), keep })
}

pub async fn remove(engine: &Engine, status: &str, source: &str) -> Result<(), ApiError> {
    retention::remove(engine, settled(status)?, named(source)).await.map_err(refused)
}

pub async fn limits(engine: &Engine) -> Result<Vec<RetentionLimitView>, ApiError> {
    let limits = limit::list(engine).await.map_err(fail)?;
    Ok(limits.into_iter().map(convert::retention_limit).collect())
}

/// `max` such as `20GiB`; a blank source is all sources together.
pub async fn set_limit(
    engine: &Engine,
    status: &str,
    source: &str,
    max: &str,
) -> Result<(), ApiError> {
    limit::set(engine, limit_of(status, source, max)?).await.map_err(refused)
}

/// What it would remove at once.
pub async fn plan_limit(
    engine: &Engine,
    status: &str,
    source: &str,
    max: &str,
) -> Result<RetentionPlan, ApiError> {
    let limit = limit_of(status, source, max)?;
    let going = going::plan_limit(engine, &limit).await.map_err(refused)?;
    Ok(convert::retention_plan(going))
}

pub async fn remove_limit(engine: &Engine, status: &str, source: &str) -> Result<(), ApiError> {
    limit::remove(engine, settled(status)?, named(source)).await.map_err(refused)
}

fn limit_of(status: &str, source: &str, max: &str) -> Result<Limit, ApiError> {
    let max_bytes = limit::parse(max).map_err(refused)?;
    Ok(Limit { status: settled(status)?, source: named(source), max_bytes })
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
