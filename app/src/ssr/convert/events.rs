//! Events and what became of them: runs, dead letters, exports and counts.

use std::borrow::Cow;

use engine::event::export::Exported;
use engine::event::hold::Hold;
use engine::event::note::EventNote;
use engine::event::read::EventRecord;
use engine::event::{self, EventRow};
use engine::run::read::{RunLine, RunRow};
use engine::run::{self, RunRecord};

use super::{count, joined, number, time};
use crate::model::run::WITH_BODIES;
use crate::model::{
    AttemptStatus, Counts, DeadLetter, EventDetail, EventError, EventItem, EventRef, EventStatus,
    ExportedEvent, HoldView, NoteView, RawJson, RunDetail, RunItem, RunStatus, RunSummary, RunView,
    Stats, StepAttempt, StepRequest, StepResponse, WorkflowRef,
};

pub fn event_status(status: event::EventStatus) -> EventStatus {
    match status {
        event::EventStatus::Pending => EventStatus::Pending,
        event::EventStatus::Processing => EventStatus::Processing,
        event::EventStatus::Processed => EventStatus::Processed,
        event::EventStatus::Failed => EventStatus::Failed,
    }
}

fn run_status(status: run::RunStatus) -> RunStatus {
    match status {
        run::RunStatus::Queued => RunStatus::Queued,
        run::RunStatus::Running => RunStatus::Running,
        run::RunStatus::Waiting => RunStatus::Waiting,
        run::RunStatus::Succeeded => RunStatus::Succeeded,
        run::RunStatus::Failed => RunStatus::Failed,
        run::RunStatus::Cancelled => RunStatus::Cancelled,
    }
}

fn event_error(error: &event::EventError) -> EventError {
    EventError {
        error_code: error.error_code.clone(),
        error_message: error.error_message.clone(),
        exhausted_retry_condition: error.exhausted_retry_condition.clone(),
        retry_attempts: count(error.retry_attempts),
        first_failed_at: Some(time(error.first_failed_at)),
        last_failed_at: Some(time(error.last_failed_at)),
        run_id: error.run_id.map(|id| id.to_string()),
        step: error.step.clone(),
    }
}

pub fn event_item(row: &EventRow, runs: &[RunLine]) -> EventItem {
    EventItem {
        id: row.id.to_string(),
        seq: row.seq,
        event_id: row.event_id.clone(),
        event_type: row.event_type.to_string(),
        source: row.source.clone(),
        subject: row.subject.clone(),
        status: event_status(row.status),
        occurred_at: row.occurred_at.map(time),
        received_at: time(row.received_at),
        processed_at: row.processed_at.map(time),
        payload_preview: row.payload_preview.clone(),
        error: row.error.as_ref().map(event_error),
        attempts: count(row.attempts),
        replay_of: row.replay_of.map(|id| id.to_string()),
        held: row.held,
        runs: runs.iter().map(run_line).collect(),
    }
}

fn run_line(line: &RunLine) -> RunSummary {
    RunSummary {
        id: line.id.to_string(),
        status: run_status(line.status),
        workflow: WorkflowRef {
            id: line.workflow_id.to_string(),
            name: line.workflow_name.clone(),
            version: count(line.workflow_version),
        },
        test: line.test,
    }
}

pub fn event_detail(record: EventRecord) -> EventDetail {
    let row = record.row;
    EventDetail {
        id: row.id.to_string(),
        event_id: row.event_id,
        event_type: row.event_type.to_string(),
        source: row.source,
        subject: row.subject,
        status: event_status(row.status),
        occurred_at: row.occurred_at.map(time),
        received_at: time(row.received_at),
        processed_at: row.processed_at.map(time),
        payload: RawJson(record.payload.to_string()),
        headers: joined(&record.headers.list()),
        error: row.error.as_ref().map(event_error),
        attempts: count(row.attempts),
        replay_of: row.replay_of.map(|id| id.to_string()),
        runs: record.runs.into_iter().map(run).collect(),
        error_group: row.error_group,
        notes: record.notes.into_iter().map(note).collect(),
        hold: record.hold.map(hold),
    }
}

fn note(note: EventNote) -> NoteView {
    NoteView { at: time(note.at), author: note.author, note: note.note }
}

fn hold(hold: Hold) -> HoldView {
    HoldView { at: time(hold.at), by: hold.by, note: hold.note }
}

/// An event as a line of an export.
pub fn exported(event: Exported) -> ExportedEvent {
    let row = event.row;
    ExportedEvent {
        id: row.id.to_string(),
        event_id: row.event_id,
        event_type: row.event_type.to_string(),
        source: row.source,
        subject: row.subject,
        status: event_status(row.status),
        occurred_at: row.occurred_at.map(time),
        received_at: time(row.received_at),
        processed_at: row.processed_at.map(time),
        payload: RawJson(one_line(&event.payload).into_owned()),
        headers: joined(&event.headers.list()),
        error: row.error.as_ref().map(event_error),
        attempts: count(row.attempts),
        replay_of: row.replay_of.map(|id| id.to_string()),
    }
}

/// JSON without line ends: in a valid text they only stand between values.
fn one_line(json: &str) -> Cow<'_, str> {
    match json.contains(['\n', '\r']) {
        true => json.replace(['\n', '\r'], " ").into(),
        false => json.into(),
    }
}

/// A failed event with the workflow whose run gave up.
pub fn dead_letter(row: &EventRow, runs: &[RunLine]) -> DeadLetter {
    let error = row.error.as_ref();
    let failed = error.and_then(|error| error.run_id);
    let culprit = runs.iter().find(|line| Some(line.id) == failed);
    DeadLetter {
        id: row.id.to_string(),
        seq: row.seq,
        event_id: row.event_id.clone(),
        event_type: row.event_type.to_string(),
        source: row.source.clone(),
        subject: row.subject.clone(),
        received_at: time(row.received_at),
        failed_at: time(row.processed_at.unwrap_or(row.received_at)),
        attempts: count(row.attempts),
        error: error.map_or_else(unexplained, event_error),
        payload_preview: row.payload_preview.clone(),
        workflow: culprit.map(|line| run_line(line).workflow),
        group: row.error_group.clone(),
    }
}

fn unexplained() -> EventError {
    EventError {
        error_code: "unknown".to_owned(),
        error_message: "failed without saying why".to_owned(),
        exhausted_retry_condition: None,
        retry_attempts: 0,
        first_failed_at: None,
        last_failed_at: None,
        run_id: None,
        step: None,
    }
}

fn event_ref(event: run::RunEvent) -> EventRef {
    EventRef { id: event.id.to_string(), event_type: event.event_type.to_string() }
}

pub fn run_item(row: RunRow) -> RunItem {
    let attempts = count(row.attempts);
    let event = row.event.map(event_ref);
    let run = run(row.run);
    RunItem {
        id: run.id,
        status: run.status,
        workflow: run.workflow,
        test: run.test,
        event,
        created_at: run.created_at,
        finished_at: run.finished_at,
        next_attempt_at: run.next_attempt_at,
        error: run.error,
        attempts,
    }
}

pub fn run_detail(detail: run::RunDetail) -> RunDetail {
    RunDetail { event: detail.event.map(event_ref), run: run(detail.run) }
}

const _: () = assert!(WITH_BODIES as i64 == run::read::MOST_BODIES, "the page says how many");

pub fn run(record: RunRecord) -> RunView {
    RunView {
        id: record.id.to_string(),
        status: run_status(record.status),
        workflow: WorkflowRef {
            id: record.workflow_id.to_string(),
            name: record.workflow_name,
            version: count(record.workflow_version),
        },
        test: record.test,
        created_at: time(record.created_at),
        finished_at: record.finished_at.map(time),
        next_attempt_at: match record.status {
            run::RunStatus::Waiting => record.due_at.map(time),
            _ => None,
        },
        held_by: record.held_by,
        waits_for_turn: record.status == run::RunStatus::Queued && record.due_at.is_none(),
        error: record.error.map(|error| error.error_message),
        attempts_made: count(record.attempts_made),
        attempts: record.attempts.into_iter().map(attempt).collect(),
    }
}

fn attempt(attempt: run::StepAttempt) -> StepAttempt {
    StepAttempt {
        step: attempt.step,
        attempt: attempt.attempt,
        status: if attempt.succeeded { AttemptStatus::Succeeded } else { AttemptStatus::Failed },
        started_at: time(attempt.started_at),
        duration_ms: attempt.duration_ms.max(0).unsigned_abs(),
        request: attempt.request.and_then(|json| serde_json::from_str::<StepRequest>(&json).ok()),
        response: attempt
            .response
            .and_then(|json| serde_json::from_str::<StepResponse>(&json).ok()),
        error: attempt.error,
    }
}

pub fn stats(stats: &engine::stats::Stats) -> Stats {
    let quantile = |at: usize| stats.latency.map(|latency| latency[at] as f64);
    Stats {
        counts: Counts {
            pending: number(stats.pending),
            processing: number(stats.processing),
            processed: number(stats.processed),
            failed: number(stats.failed),
        },
        p50: quantile(0),
        p95: quantile(1),
        p99: quantile(2),
        events_per_second: stats.per_second,
        search_behind: number(stats.search_behind),
        quarantined: number(stats.quarantined),
        alerts_firing: stats.alerts_firing,
    }
}
