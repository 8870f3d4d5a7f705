//! Erasures for the dashboard and the API.

use engine::Engine;
use engine::erasure::{Counts, Criterion, Erasure, ErasureError, manage};

use super::convert::{number, time};
use super::{fail, invalid, not_found};
use crate::ApiError;
use crate::model::{ErasurePlan, ErasureView};

const NEWEST: u64 = 200;

pub async fn list(engine: &Engine) -> Result<Vec<ErasureView>, ApiError> {
    let found = manage::list(engine, None, NEWEST).await.map_err(fail)?;
    Ok(found.into_iter().map(view).collect())
}

/// `path` is blank where the subject is meant.
pub fn criterion(path: &str, value: &str) -> Result<Criterion, ApiError> {
    let path = Some(path.trim()).filter(|path| !path.is_empty());
    let criterion = match path {
        None => Criterion::parse(Some(value), None, None),
        Some(_) => Criterion::parse(None, path, Some(value)),
    };
    criterion.map_err(invalid)
}

/// What it would take.
pub async fn count(engine: &Engine, criterion: &Criterion) -> Result<ErasurePlan, ApiError> {
    let counts = manage::plan(engine, criterion).await.map_err(refused)?;
    Ok(plan(engine, criterion, counts))
}

pub async fn start(engine: &Engine, criterion: &Criterion) -> Result<(), ApiError> {
    manage::start(engine, criterion).await.map(drop).map_err(refused)
}

fn refused(error: ErasureError) -> ApiError {
    match error {
        ErasureError::Unknown(_) => not_found(),
        ErasureError::Criterion(_) => invalid(error),
        ErasureError::Vault(_) | ErasureError::Store(_) => fail(error),
    }
}

pub fn view(erasure: Erasure) -> ErasureView {
    let Counts { events, runs, bytes, held, deliveries } = erasure.counts;
    ErasureView {
        id: erasure.id.to_string(),
        state: erasure.state.to_string(),
        kind: erasure.kind,
        path: erasure.path,
        value_hash: erasure.value_hash,
        events: number(events),
        runs: number(runs),
        bytes: number(bytes),
        held: number(held),
        deliveries: number(deliveries),
        digest: erasure.digest,
        created_by: erasure.created_by,
        created_at: time(erasure.created_at),
        finished_at: erasure.finished_at.map(time),
    }
}

pub fn plan(engine: &Engine, criterion: &Criterion, counts: Counts) -> ErasurePlan {
    let Counts { events, runs, bytes, held, deliveries } = counts;
    ErasurePlan {
        dry_run: true,
        value_hash: manage::value_hash(engine, criterion),
        events: number(events),
        runs: number(runs),
        bytes: number(bytes),
        held: number(held),
        deliveries: number(deliveries),
    }
}
