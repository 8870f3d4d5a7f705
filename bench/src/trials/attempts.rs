//! Trial 16: one run that is tried again without end.
//!
//! Passes when what is read of its journal is bounded, up to its newest attempt, and the memory grows by 50 MiB at
//! most.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::Report;
use crate::http::Request;
use crate::sink::Sink;
use crate::sluice::{Setup, Sluice, order};

/// Attempts of a step, as many as a definition may ask for.
const EACH: u64 = 100;
/// So many attempts of a run are shown, as the documentation says.
const SHOWN: usize = 1_000;
const PATIENCE: Duration = Duration::from_secs(60);
const MIB: u64 = 1_048_576;
const MOST: u64 = 50 * MIB;

/// Has one run make so many attempts, a hundred for each time that it is brought back.
pub async fn run(binary: &Path, attempts: u64) -> Result<Report> {
    let sluice = Setup::new(binary).start().await?;
    let key = sluice.full_key().await?;
    let sink = Sink::start().await?;
    // A host that answers is not left alone, whatever it says.
    sink.answer(404);
    let workflow = format!(
        "name: again\ntriggers: [{{ eventType: order.* }}]\nsteps:\n  - id: call\n    \
         http: {{ url: \"{}\", body: \"${{event.payload}}\" }}\n    \
         retry: {{ attempts: {EACH}, initial: 1ms, max: 1ms }}\n",
        sink.url()
    );
    sluice.apply(&workflow, &key).await?;
    let event = sluice.accept(&order(1), &key).await?;
    made(&sluice, &key, &event, EACH).await?;
    let before = sluice.process()?.resident()?.0;
    let mut most = before;
    let mut so_far = EACH;
    while so_far < attempts {
        let again = Request::post(format!("/api/v1/dead-letters/{event}/retry")).key(&key);
        let answer = sluice.call(again).await?;
        ensure!(answer.status < 300, "{}: {}", answer.status, answer.text());
        so_far += EACH;
        made(&sluice, &key, &event, so_far).await?;
        sink.forget();
        most = most.max(sluice.process()?.resident()?.0);
    }
    let run = run_of(&sluice, &key, &event).await?;
    let shown = run["attempts"].as_array().context("a run without attempts")?;
    let newest = shown.last().and_then(|attempt| attempt["attempt"].as_u64());
    let page = serde_json::to_vec(&run)?.len() as u64;
    let grown = most.saturating_sub(before);
    Ok(Report {
        trial: "16 a run without end",
        holds: shown.len() <= SHOWN && newest == Some(EACH) && grown <= MOST && page <= 4 * MIB,
        seen: format!(
            "{so_far} attempts: {} shown in {} KiB, the last of them number {newest:?} of its hundred; \
             {:.1} MiB more memory",
            shown.len(),
            page / 1024,
            grown as f64 / MIB as f64,
        ),
    })
}

/// Comes back when the event has failed with so many attempts.
async fn made(sluice: &Sluice, key: &str, event: &str, attempts: u64) -> Result<()> {
    let begun = std::time::Instant::now();
    loop {
        let run = run_of(sluice, key, event).await?;
        if run["status"] == "failed" && run["attemptsMade"].as_u64() == Some(attempts) {
            return Ok(());
        }
        ensure!(begun.elapsed() < PATIENCE, "the run does not fail again: {}", run["status"]);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn run_of(sluice: &Sluice, key: &str, event: &str) -> Result<Value> {
    let mut event = sluice.get(&format!("/api/v1/events/{event}"), key).await?;
    Ok(event["runs"][0].take())
}
