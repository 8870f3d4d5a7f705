//! Works erasures off, a batch at a time and with a rest after each, then cleans the files.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::criterion::Path;
use super::find::Found;
use super::{Counts, Criterion, Erasure, State, find, manage};
use crate::Engine;
use crate::store::{Cleaned, ErasureDeed, ErasureStep, StoreError};

/// Erasures are looked for at least this often, also without a wake-up.
const POLL: Duration = Duration::from_secs(5);

/// For how long it is looked on where nothing fits, before it is written down how far that was.
const STRIDE: Duration = Duration::from_millis(500);

/// Runs until the engine stops.
pub(crate) async fn keep_erasing(engine: Engine) {
    loop {
        // Wherever it is left, the next start goes on from what was committed.
        tokio::select! {
            () = engine.stop.cancelled() => return,
            done = round(&engine) => if let Err(error) = done {
                tracing::warn!(%error, "an erasure could not go on; it is tried again");
            },
        }
        tokio::select! {
            () = engine.stop.cancelled() => return,
            () = engine.erasing.notified() => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

/// Goes as far as can be gone.
async fn round(engine: &Engine) -> Result<(), StoreError> {
    for mut erasure in manage::open(engine).await? {
        while erasure.state == State::Running {
            let begun = Instant::now();
            match step(engine, &erasure).await? {
                Some(next) => erasure = next,
                // Another node was quicker.
                None => return Ok(()),
            }
            // As long a rest as the work took: half of the writer's time is everybody else's.
            tokio::time::sleep(begun.elapsed()).await;
        }
        if erasure.state == State::Cleaning {
            clean(engine, &erasure).await?;
        }
    }
    Ok(())
}

/// The erasure after its next batch.
async fn step(engine: &Engine, erasure: &Erasure) -> Result<Option<Erasure>, StoreError> {
    let deed = match criterion(engine, erasure) {
        None => ErasureDeed::Stop,
        Some(criterion) => {
            let criterion = Arc::new(criterion);
            match look(engine, &criterion, erasure).await? {
                Some(found) => ErasureDeed::Events {
                    seqs: found.rows.into_iter().map(|row| row.seq).collect(),
                    upto: found.upto,
                },
                None => ErasureDeed::Rest {
                    deliveries: find::deliveries(engine, &criterion).await?,
                    test_runs: find::test_runs(engine, &criterion).await?,
                    value: criterion.value().to_owned(),
                },
            }
        }
    };
    let (id, position) = (erasure.id, erasure.position);
    engine.store.writer.erase(ErasureStep { id, position, deed }).await
}

/// The next events that fit, or how far there were none for a while; `None` at the end.
async fn look(
    engine: &Engine,
    criterion: &Arc<Criterion>,
    erasure: &Erasure,
) -> Result<Option<Found>, StoreError> {
    let (begun, mut position) = (Instant::now(), erasure.position);
    loop {
        match find::next(engine, criterion, position, erasure.upper_seq).await? {
            Some(found) if found.rows.is_empty() && begun.elapsed() < STRIDE => {
                position = found.upto;
            }
            other => return Ok(other),
        }
    }
}

/// What it looks for; `None` where that cannot be read any more.
fn criterion(engine: &Engine, erasure: &Erasure) -> Option<Criterion> {
    let sealed = erasure.sealed.as_deref()?;
    let value = match engine.vault.unseal(&erasure.id.to_string(), sealed) {
        Ok(value) => String::from_utf8(value).ok()?,
        Err(error) => {
            tracing::error!(erasure = %erasure.id, %error, "an erasure stops: ask for it again");
            return None;
        }
    };
    match &erasure.path {
        None => Some(Criterion::Subject(value)),
        Some(path) => Some(Criterion::Payload { path: Path::parse(path).ok()?, value }),
    }
}

/// Lets nothing of what was deleted stay in the files.
async fn clean(engine: &Engine, erasure: &Erasure) -> Result<(), StoreError> {
    let Counts { events, runs, deliveries, .. } = erasure.counts;
    let took_something = events + runs + deliveries > 0;
    if took_something && engine.store.clean().await? != Cleaned::Whole {
        return Ok(());
    }
    let (id, position) = (erasure.id, erasure.position);
    let step = ErasureStep { id, position, deed: ErasureDeed::Finish };
    if let Some(done) = engine.store.writer.erase(step).await? {
        tracing::info!(erasure = %id, events = done.counts.events, "an erasure has ended");
    }
    Ok(())
}
