//! What became of an event, told from its record and the audit log.

use engine::Engine;
use engine::audit::{self, Entry, Filter};
use engine::event::compare::compare;
use engine::event::read::{self, EventRecord};
use engine::event::{EventRow, EventStatus};
use engine::run::{RunRecord, RunStatus};
use engine::time::Timestamp;
use serde_json::Value;

use super::{convert, fail};
use crate::ApiError;
use crate::model::time::duration;
use crate::model::{ChangeLine, Changes, History, Turn};

/// So many differences are shown.
const LINES: usize = 100;
/// So many turns are told; of more, the first and the last.
const TURNS: usize = 200;
/// So much of what somebody did is told.
const DEEDS: u64 = 100;

pub async fn history(engine: &Engine, record: &EventRecord) -> Result<History, ApiError> {
    let about = Filter { object: Some(record.row.id.to_string()), ..Filter::default() };
    let deeds = audit::list(&engine.store, &about, None, DEEDS).await.map_err(fail)?;
    let before = read::before_of_its_type(engine, &record.row).await.map_err(fail)?;
    let changes = before.and_then(|(row, payload)| changes(&row, &payload, &record.payload));
    Ok(History { turns: turns(record, &deeds), changes })
}

/// Nothing where either is no JSON.
fn changes(row: &EventRow, before: &str, after: &str) -> Option<Changes> {
    let read = |text| serde_json::from_str::<Value>(text).ok();
    let (found, count) = compare(&read(before)?, &read(after)?, LINES);
    let line = |it: engine::event::compare::Difference| ChangeLine {
        path: it.path,
        before: it.before,
        after: it.after,
    };
    Some(Changes {
        event: row.id.to_string(),
        at: convert::time(row.received_at),
        more: u32::try_from(count - found.len()).unwrap_or(u32::MAX),
        lines: found.into_iter().map(line).collect(),
    })
}

fn turns(record: &EventRecord, deeds: &[Entry]) -> Vec<Turn> {
    let mut turns = Turns(Vec::new());
    let row = &record.row;
    let received = row.received_at;
    match row.replay_of {
        Some(first) => {
            turns.add(received, "", format!("Came in again, as a replay of {first}"));
            turns.names(first.to_string());
        }
        None => turns.add(received, "", format!("Received from {}", row.source)),
    }
    let matched = match record.runs.iter().filter(|run| !run.test).count() {
        0 => "No workflow matched".to_owned(),
        1 => "1 workflow matched".to_owned(),
        count => format!("{count} workflows matched"),
    };
    turns.add(received, "", matched);
    record.runs.iter().for_each(|run| turns.run(run));
    for deed in deeds {
        turns.deed(deed);
    }
    if let Some(at) = row.processed_at {
        match row.status {
            EventStatus::Failed => turns.add(at, "failed", "Failed".to_owned()),
            _ => turns.add(at, "processed", "Processed".to_owned()),
        }
    }
    turns.told()
}

struct Turns(Vec<(Timestamp, Turn)>);

impl Turns {
    fn add(&mut self, at: Timestamp, status: &str, says: String) {
        let (status, event) = (status.to_owned(), None);
        self.0.push((at, Turn { at: convert::time(at), status, says, event }));
    }

    /// The last one speaks of this event.
    fn names(&mut self, event: String) {
        if let Some((_, turn)) = self.0.last_mut() {
            turn.event = Some(event);
        }
    }

    fn run(&mut self, run: &RunRecord) {
        let test = if run.test { ", a test," } else { "" };
        let name = format!("{} v{}{test}", run.workflow_name, run.workflow_version);
        if let Some(at) = run.started_at {
            self.add(at, "", format!("{name} began"));
        }
        for attempt in &run.attempts {
            let took = duration(attempt.duration_ms.max(0).unsigned_abs());
            let step = format!("{}, attempt {}", attempt.step, attempt.attempt);
            match (attempt.succeeded, &attempt.error) {
                (true, _) => self.add(attempt.started_at, "succeeded", format!("{step}: {took}")),
                (false, error) => {
                    let error = error.as_deref().unwrap_or("failed");
                    self.add(
                        attempt.started_at,
                        "failed",
                        format!("{step}: {error}, after {took}"),
                    );
                }
            }
        }
        if let Some(at) = run.finished_at {
            let (status, ended) = match run.status {
                RunStatus::Succeeded => ("succeeded", "succeeded"),
                RunStatus::Failed => ("failed", "failed"),
                RunStatus::Cancelled => ("", "was cancelled"),
                RunStatus::Queued | RunStatus::Running | RunStatus::Waiting => ("", "goes on"),
            };
            self.add(at, status, format!("{name} {ended}"));
        }
    }

    /// What somebody did about the event.
    fn deed(&mut self, deed: &Entry) {
        let who = &deed.actor.name;
        let says = match deed.action.as_str() {
            "event.retried" => format!("Retried by {who}"),
            "event.marked_processed" => format!("Marked as processed by {who}"),
            "event.marked_failed" => format!("Marked as failed by {who}"),
            "event.replayed" => format!("Replayed by {who} {}", deed.detail),
            "event.held" => format!("Held by {who}"),
            "event.released" => format!("Released by {who}"),
            other => format!("{other} by {who}"),
        };
        self.add(deed.at, "", says);
        if let Some(replay) =
            deed.detail.strip_prefix("as ").filter(|_| deed.action == "event.replayed")
        {
            self.names(replay.to_owned());
        }
    }

    /// In the order of their times; what came at the same time stays in the order it was added.
    fn told(self) -> Vec<Turn> {
        let mut all = self.0;
        all.sort_by_key(|(at, _)| *at);
        let mut all: Vec<Turn> = all.into_iter().map(|(_, turn)| turn).collect();
        if all.len() > TURNS {
            let last = all.split_off(all.len() - TURNS / 2);
            let left_out = all.len() - TURNS / 2;
            all.truncate(TURNS / 2);
            let says = format!("… {left_out} more …");
            let at = last.first().map(|turn| turn.at.clone()).unwrap_or_else(|| all[0].at.clone());
            all.push(Turn { at, status: String::new(), says, event: None });
            all.extend(last);
        }
        all
    }
}
