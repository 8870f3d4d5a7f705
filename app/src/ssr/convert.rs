//! The engine's types as the dashboard and the API show them.

use engine::alert::{Channel, Rule, Window, channel::Sent, rule::Told};
use engine::audit::Entry;
use std::borrow::Cow;
use std::collections::BTreeMap;

use engine::event::export::Exported;
use engine::event::hold::Hold;
use engine::event::note::EventNote;
use engine::event::read::EventRecord;
use engine::event::{self, EventRow};
use engine::key::ApiKey;
use engine::retention::going::{Due, Going};
use engine::retention::limit::{self, Standing};
use engine::run::read::{RunLine, RunRow};
use engine::run::{self, RunRecord};
use engine::source::Source;
use engine::source::quarantine::Held;
use engine::user::{self, invitation::Invitation};
use engine::workflow::{StepKind, Workflow};
use serde_json::Value;

use crate::model::run::WITH_BODIES;
use crate::model::{
    AlertMessageView, AlertRuleView, AlertTurnView, AttemptStatus, AuditView, ChannelView, Counts,
    DeadLetter, EventDetail, EventError, EventItem, EventRef, EventStatus, ExportedEvent, HeldView,
    HoldView, InvitationView, KeyState, KeyView, NoteView, RawJson, RetentionLimitView,
    RetentionPlan, RetentionView, RunDetail, RunItem, RunStatus, RunSummary, RunView, SourceView,
    Stats, StepAttempt, StepRequest, StepResponse, StepView, Timestamp, TriggerView, UserView,
    WorkflowRef, WorkflowView,
};

pub fn time(at: engine::time::Timestamp) -> Timestamp {
    Timestamp(at.to_string())
}

/// What is counted is never less than nothing.
pub(super) fn number(count: i64) -> u64 {
    count.max(0).unsigned_abs()
}

pub fn user(user: &user::User) -> UserView {
    UserView {
        id: user.id.to_string(),
        email: user.email.clone(),
        role: user.role.to_string(),
        created_at: time(user.created_at),
    }
}

pub fn invitation(invitation: Invitation) -> InvitationView {
    InvitationView {
        email: invitation.email,
        role: invitation.role.to_string(),
        invited_by: invitation.invited_by,
        expires_at: time(invitation.expires_at),
    }
}

pub fn alert_rule(rule: &Rule) -> AlertRuleView {
    AlertRuleView {
        id: rule.id.to_string(),
        name: rule.name.clone(),
        condition: serde_json::json!(rule.condition),
        says: rule.condition.says(),
        repeat: Window(rule.repeat).to_string(),
        muted_until: rule.muted_until.map(time),
        state: rule.state.as_str().to_owned(),
        since: time(rule.since),
        value: rule.value,
    }
}

pub fn channel(channel: &Channel) -> ChannelView {
    ChannelView {
        id: channel.id.to_string(),
        name: channel.name.clone(),
        kind: channel.kind.as_str().to_owned(),
        target: channel.target.clone(),
        created_at: time(channel.created_at),
    }
}

pub fn alert_turn(told: Told) -> AlertTurnView {
    AlertTurnView {
        id: told.id.to_string(),
        rule_id: told.rule,
        rule: told.rule_name,
        at: time(told.at),
        turn: told.turn,
        message: told.message,
    }
}

pub fn alert_message(sent: Sent) -> AlertMessageView {
    AlertMessageView {
        id: sent.id.to_string(),
        channel_id: sent.channel,
        status: sent.status,
        attempts: count(sent.attempts),
        due_at: sent.due_at.map(time),
        error: sent.error,
        created_at: time(sent.created_at),
    }
}

pub fn retention(due: Due) -> RetentionView {
    let RetentionPlan { events, bytes, oldest, .. } = retention_plan(due.going);
    RetentionView {
        status: due.rule.status.as_str().to_owned(),
        source: due.rule.source,
        keep: Window(due.rule.keep).to_string(),
        due: events,
        due_bytes: bytes,
        oldest,
    }
}

pub fn retention_plan(going: Going) -> RetentionPlan {
    RetentionPlan {
        dry_run: true,
        events: number(going.events),
        bytes: number(going.bytes),
        oldest: going.oldest.map(time),
    }
}

pub fn retention_limit(standing: Standing) -> RetentionLimitView {
    RetentionLimitView {
        status: standing.limit.status.as_str().to_owned(),
        source: standing.limit.source,
        max: limit::written(standing.limit.max_bytes),
        max_bytes: standing.limit.max_bytes,
        bytes: standing.bytes,
        events: standing.events,
    }
}

pub fn audit_entry(entry: Entry) -> AuditView {
    AuditView {
        id: entry.id.to_string(),
        at: time(entry.at),
        actor_kind: entry.actor.kind.as_str().to_owned(),
        actor: entry.actor.name,
        action: entry.action,
        object: entry.object,
        detail: entry.detail,
    }
}

pub(super) fn count(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

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
        headers: joined(&record.headers),
        error: row.error.as_ref().map(event_error),
        attempts: count(row.attempts),
        replay_of: row.replay_of.map(|id| id.to_string()),
        runs: record.runs.into_iter().map(run).collect(),
        error_group: row.error_group,
        notes: record.notes.into_iter().map(note).collect(),
        hold: record.hold.map(hold),
    }
}

/// Those of one name as one, as HTTP reads them.
fn joined(headers: &[(String, String)]) -> BTreeMap<String, String> {
    let mut all = BTreeMap::<String, String>::new();
    for (name, value) in headers {
        all.entry(name.clone())
            .and_modify(|before| *before = format!("{before}, {value}"))
            .or_insert_with(|| value.clone());
    }
    all
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
        headers: event.headers.iter().cloned().collect(),
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
        request: attempt.request.and_then(|json| serde_json::from_value::<StepRequest>(json).ok()),
        response: attempt
            .response
            .and_then(|json| serde_json::from_value::<StepResponse>(json).ok()),
        error: attempt.error,
    }
}

/// `now` decides whether the key has ended.
pub fn key(key: &ApiKey, now: engine::time::Timestamp) -> KeyView {
    let state = match (key.revoked_at, key.is_live(now)) {
        (Some(_), _) => KeyState::Revoked,
        (None, true) => KeyState::Live,
        (None, false) => KeyState::Expired,
    };
    KeyView {
        id: key.id.to_string(),
        name: key.name.clone(),
        prefix: key.prefix.clone(),
        permissions: key.permissions.iter().map(ToString::to_string).collect(),
        scopes: key.scopes.iter().map(ToString::to_string).collect(),
        rate_limit: key.rate_limit.map(|rate| rate.to_string()),
        created_at: time(key.created_at),
        expires_at: key.expires_at.map(time),
        last_used_at: key.last_used_at.map(time),
        revoked_at: key.revoked_at.map(time),
        state,
    }
}

pub fn source(source: &Source) -> SourceView {
    SourceView {
        id: source.id.to_string(),
        name: source.name.clone(),
        kind: source.kind.to_string(),
        path: format!("/api/webhooks/{}", source.name),
        secrets: u32::try_from(source.secret_count()).unwrap_or(u32::MAX),
        signature_header: source.signature_header.clone(),
        created_at: time(source.created_at),
        updated_at: time(source.updated_at),
    }
}

/// At most `longest` bytes of the body are shown.
pub fn held(held: &Held, longest: usize) -> HeldView {
    let shown = held.body.get(..longest).unwrap_or(&held.body);
    HeldView {
        id: held.id.to_string(),
        source: held.source.clone(),
        cause: held.cause.clone(),
        detail: held.detail.clone(),
        headers: held.headers.iter().cloned().collect(),
        body: String::from_utf8_lossy(shown).into_owned(),
        body_bytes: held.body.len() as u64,
        received_at: time(held.received_at),
    }
}

pub fn workflow(workflow: &Workflow) -> WorkflowView {
    let definition = &workflow.definition;
    let document = serde_json::to_value(&definition.document).unwrap_or(Value::Null);
    WorkflowView {
        id: workflow.id.to_string(),
        name: definition.name.clone(),
        version: count(workflow.version),
        enabled: workflow.enabled,
        triggers: definition.triggers.iter().map(trigger).collect(),
        steps: definition.steps.iter().map(step).collect(),
        created_at: time(workflow.created_at),
        updated_at: time(workflow.updated_at),
        definition: RawJson(document.to_string()),
    }
}

fn trigger(trigger: &engine::workflow::definition::Trigger) -> TriggerView {
    TriggerView {
        event_type: trigger.pattern.to_string(),
        filter: trigger.filter.as_ref().map(|filter| filter.source().to_owned()),
    }
}

fn step(step: &engine::workflow::Step) -> StepView {
    let kind = match step.kind {
        StepKind::Http(_) => "http",
        StepKind::Transform(_) => "transform",
        StepKind::Delay(_) => "delay",
        StepKind::Emit(_) => "emit",
        StepKind::Fail(_) => "fail",
    };
    StepView {
        id: step.id.clone(),
        kind: kind.to_owned(),
        when: step.when.as_ref().map(|when| when.source().to_owned()),
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
