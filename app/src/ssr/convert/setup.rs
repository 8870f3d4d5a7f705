//! What people set up: users, keys, sources, workflows, alerts and retention, and the traces of doing so.

use engine::alert::{Channel, Rule, Window, channel::Sent, rule::Told};
use engine::audit::Entry;
use engine::key::ApiKey;
use engine::retention::going::{Due, Going};
use engine::retention::limit::{self, Standing};
use engine::source::Source;
use engine::source::quarantine::Held;
use engine::user::{self, invitation::Invitation};
use engine::workflow::{StepKind, Workflow};
use serde_json::Value;

use super::{count, joined, number, time};
use crate::model::{
    AlertMessageView, AlertRuleView, AlertTurnView, AuditView, ChannelView, HeldView,
    InvitationView, KeyState, KeyView, RawJson, RetentionLimitView, RetentionPlan, RetentionView,
    SourceView, StepView, TriggerView, UserView, WorkflowView,
};

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
        headers: joined(&held.headers),
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
