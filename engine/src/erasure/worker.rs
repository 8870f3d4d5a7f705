//! Works erasures off, a batch at a time and with a rest after each, then cleans the files.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::criterion::Path;
use super::{Criterion, Erasure, State, find, manage};
use crate::Engine;
use crate::store::{ErasureDeed, ErasureStep, StoreError};

/// Erasures are looked for at least this often, also without a wake-up.
const POLL: Duration = Duration::from_secs(5);
/// How long to wait before the files are cleaned once more, where readers or a full disk hindered it.
const AGAIN: Duration = Duration::from_millis(500);

/// Runs until the engine stops.
pub(crate) async fn keep_erasing(engine: Engine) {
    loop {
        let pause = match round(&engine).await {
            Ok(true) => AGAIN,
            Ok(false) => POLL,
            Err(error) => {
                tracing::warn!(%error, "an erasure could not go on; it is tried again");
                AGAIN
            }
        };
        tokio::select! {
            () = engine.stop.cancelled() => return,
            () = engine.erasing.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Whether something is left to be done soon.
async fn round(engine: &Engine) -> Result<bool, StoreError> {
    let mut left = false;
    for mut erasure in manage::open(engine).await? {
        while erasure.state == State::Running {
            if engine.stop.is_cancelled() {
                return Ok(false);
            }
            let begun = Instant::now();
            match step(engine, &erasure).await? {
                Some(next) => erasure = next,
                // Another node was quicker.
                None => return Ok(true),
            }
            // As long a rest as the work took: half of the writer's time is everybody else's.
            tokio::time::sleep(begun.elapsed()).await;
        }
        if erasure.state == State::Cleaning {
            left |= !clean(engine, &erasure).await?;
        }
    }
    Ok(left)
}

/// The erasure after its next batch.
async fn step(engine: &Engine, erasure: &Erasure) -> Result<Option<Erasure>, StoreError> {
    let deed = match criterion(engine, erasure) {
        None => ErasureDeed::Stop,
        Some(criterion) => {
            let criterion = Arc::new(criterion);
            let (position, upper) = (erasure.position, erasure.upper_seq);
            match find::next(engine, &criterion, position, upper).await? {
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

/// Lets nothing of what was deleted stay in the files; whether that could be done.
async fn clean(engine: &Engine, erasure: &Erasure) -> Result<bool, StoreError> {
    if !engine.store.clean().await? {
        return Ok(false);
    }
    let (id, position) = (erasure.id, erasure.position);
    let step = ErasureStep { id, position, deed: ErasureDeed::Finish };
    if let Some(done) = engine.store.writer.erase(step).await? {
        tracing::info!(erasure = %id, events = done.counts.events, "an erasure has ended");
    }
    Ok(true)
}
