//! The quarantine for the dashboard: what waits there, and the ways out.

use engine::Engine;
use engine::id::QuarantineId;
use engine::source::quarantine::{self, ReleaseError};
use engine::source::{DeliveryError, Outcome};

use super::{convert, fail, invalid, not_found};
use crate::ApiError;
use crate::model::{HeldFilter, Quarantine, Settled, Settling};

const PAGE: u64 = 50;
/// How many bytes of each body a page carries.
const LONGEST_BODY: usize = 8 * 1024;

pub async fn list(engine: &Engine, filter: HeldFilter) -> Result<Quarantine, ApiError> {
    let before = filter.cursor.as_deref().map(str::parse).transpose().map_err(|_| not_found())?;
    let which =
        quarantine::HeldFilter { source: filter.source.as_deref(), cause: filter.cause.as_deref() };
    let held = quarantine::list(engine, which, before, PAGE).await.map_err(fail)?;
    let full = held.len() as u64 == PAGE;
    let counts = quarantine::counts(engine).await.map_err(fail)?;
    Ok(Quarantine {
        items: held.iter().map(|one| convert::held(one, LONGEST_BODY)).collect(),
        next_cursor: held.last().filter(|_| full).map(|last| last.id.to_string()),
        sources: counts.into_iter().map(|(name, held)| (name, held.unsigned_abs())).collect(),
    })
}

/// Goes through all of them: one that stays does not keep the others.
pub async fn settle(engine: &Engine, how: Settling, ids: &[String]) -> Result<Settled, ApiError> {
    let mut settled = Settled::default();
    for id in ids {
        let id = id.parse().map_err(|_| not_found())?;
        match how {
            Settling::Release => release(engine, id, &mut settled).await?,
            Settling::Delete => {
                quarantine::delete(engine, id).await.map_err(fail)?;
                settled.deleted += 1;
            }
        }
    }
    if let (0, Some(reason)) = (settled.released + settled.deleted, &settled.reason) {
        return Err(invalid(reason));
    }
    Ok(settled)
}

async fn release(engine: &Engine, id: QuarantineId, settled: &mut Settled) -> Result<(), ApiError> {
    match quarantine::release(engine, id).await {
        Ok(Outcome::Accepted(accepted, _)) => {
            settled.released += 1;
            settled.event = Some(accepted.id.to_string());
        }
        Ok(Outcome::Challenge(_)) => settled.released += 1,
        Err(ReleaseError::Store(error) | ReleaseError::Delivery(DeliveryError::Store(error))) => {
            return Err(fail(error));
        }
        Err(ReleaseError::Delivery(DeliveryError::Source(error))) => return Err(fail(error)),
        Err(stays) => {
            settled.refused += 1;
            settled.reason = Some(stays.to_string());
        }
    }
    Ok(())
}
