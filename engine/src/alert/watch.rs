//! Reading the rules again and again, and bringing their messages to the channels.

use std::time::Duration;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, Set, sea_query::Expr,
};

use super::decide::{Decision, decide};
use super::message::{self, Line, Message};
use super::{Channel, Rule, channel, reading, rule};
use crate::Engine;
use crate::id::{AlertTurnId, MessageId};
use crate::store::entity::{alert_history, alert_message, alert_rule};
use crate::store::{Change, StoreError};
use crate::time::Timestamp;

const EVERY: Duration = Duration::from_secs(15);
/// After so many attempts, over some ten hours, a message is given up.
const ATTEMPTS: i64 = 15;
const FIRST_WAIT: Duration = Duration::from_secs(10);
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// How many messages are brought at once.
const AT_ONCE: u64 = 50;

/// Runs until the engine stops.
pub(crate) async fn watch(engine: Engine) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = engine.stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        if let Err(error) = evaluate(&engine).await {
            tracing::warn!(%error, "the alert rules could not be read");
        }
        tokio::select! {
            () = engine.stop.cancelled() => return,
            delivered = deliver(&engine) => if let Err(error) = delivered {
                tracing::warn!(%error, "alerts could not be told");
            }
        }
    }
}

/// Reads every rule once, and writes down the turns that they take.
pub async fn evaluate(engine: &Engine) -> Result<(), StoreError> {
    let now = engine.now();
    let (mut turns, mut lines) = (Vec::new(), Vec::new());
    for rule in rule::list(engine).await? {
        let value = reading::read(engine, &rule.condition, rule.since_made(), now).await?;
        let decision = decide(&rule, value, now);
        let line = decision.turn.map(|turn| message::line(&rule, turn, value));
        if let Some(line) = line.clone().filter(|_| decision.told) {
            lines.push(line);
        }
        if rule.changes(&decision, value) {
            turns.push((rule, decision, value, line));
        }
    }
    if turns.is_empty() {
        return Ok(());
    }
    let messages = messages(engine, lines, now).await?;
    match engine.store.writer.change(taking(engine, turns, messages, now)).await {
        // Another node was first, and has told it.
        Err(StoreError::Conflict) => Ok(()),
        taken => taken,
    }
}

impl Rule {
    /// Since when there is something to miss: an absence before the rule was there is none.
    fn since_made(&self) -> Timestamp {
        self.created_at.max(if self.state == super::State::Quiet {
            self.since
        } else {
            self.created_at
        })
    }

    fn changes(&self, decision: &Decision, value: Option<f64>) -> bool {
        decision.turn.is_some() || decision.calm != self.calm || value != self.value
    }
}

/// One message to each channel, however many rules took a turn.
async fn messages(
    engine: &Engine,
    lines: Vec<Line>,
    now: Timestamp,
) -> Result<Vec<alert_message::Model>, StoreError> {
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    let body = serde_json::json!(Message { at: now, lines }).to_string();
    let message = |channel: Channel| alert_message::Model {
        id: MessageId::new(engine.environment.next_id()).to_string(),
        channel_id: channel.id.to_string(),
        body: body.clone(),
        status: "waiting".into(),
        attempts: 0,
        due_at: Some(now.millis()),
        error: None,
        created_at: now.millis(),
    };
    Ok(channel::list(engine).await?.into_iter().map(message).collect())
}

/// The turns, their history and the messages, all or none.
fn taking(
    engine: &Engine,
    turns: Vec<(Rule, Decision, Option<f64>, Option<Line>)>,
    messages: Vec<alert_message::Model>,
    now: Timestamp,
) -> Change {
    let mut updates = Vec::new();
    let mut history = Vec::new();
    for (rule, decision, value, line) in turns {
        if let (Some(turn), Some(line)) = (decision.turn, line) {
            history.push(alert_history::Model {
                id: AlertTurnId::new(engine.environment.next_id()).to_string(),
                rule_id: rule.id.to_string(),
                rule_name: rule.name.clone(),
                at: now.millis(),
                turn: turn.as_str().into(),
                message: line.text,
            });
        }
        updates.push((rule, decision, value));
    }
    Change::new(move |transaction| {
        let (updates, history, messages) = (updates.clone(), history.clone(), messages.clone());
        Box::pin(async move {
            for (rule, decision, value) in updates {
                let (state, told_at) = (decision.state, rule.told_at_after(&decision, now));
                let since = if state == rule.state { rule.since } else { now };
                // As it was read: who changed it meanwhile is right.
                let taken = alert_rule::Entity::update_many()
                    .filter(alert_rule::Column::Id.eq(rule.id.to_string()))
                    .filter(alert_rule::Column::State.eq(rule.state.as_str()))
                    .filter(alert_rule::Column::Since.eq(rule.since.millis()))
                    .filter(match rule.told_at {
                        Some(at) => alert_rule::Column::ToldAt.eq(at.millis()),
                        None => alert_rule::Column::ToldAt.is_null(),
                    })
                    .col_expr(alert_rule::Column::State, Expr::value(state.as_str()))
                    .col_expr(alert_rule::Column::Since, Expr::value(since.millis()))
                    .col_expr(alert_rule::Column::Calm, Expr::value(decision.calm))
                    .col_expr(alert_rule::Column::ToldAt, Expr::value(told_at))
                    .col_expr(alert_rule::Column::Value, Expr::value(value))
                    .exec(transaction)
                    .await?;
                if taken.rows_affected == 0 {
                    return Err(StoreError::Conflict);
                }
            }
            for one in history {
                one.into_active_model().reset_all().insert(transaction).await?;
            }
            for one in messages {
                one.into_active_model().reset_all().insert(transaction).await?;
            }
            Ok(())
        })
    })
}

impl Rule {
    fn told_at_after(&self, decision: &Decision, now: Timestamp) -> Option<i64> {
        match (decision.state, decision.told) {
            (super::State::Quiet, _) => None,
            (super::State::Firing, true) => Some(now.millis()),
            (super::State::Firing, false) => self.told_at.map(Timestamp::millis),
        }
    }
}

/// Brings every message that is due to its channel; what does not arrive is tried again later.
pub async fn deliver(engine: &Engine) -> Result<(), StoreError> {
    let due = alert_message::Entity::find()
        .filter(alert_message::Column::DueAt.lte(engine.now().millis()))
        .order_by_asc(alert_message::Column::DueAt)
        .limit(AT_ONCE);
    for message in due.all(&engine.store.read).await? {
        // Taken for as long as an attempt may last, so that another node does not bring it too.
        if !take(engine, &message).await? {
            continue;
        }
        let channels = channel::list(engine).await?;
        let channel = channels.into_iter().find(|one| one.id.to_string() == message.channel_id);
        let body = serde_json::from_str(&message.body);
        let outcome = match (channel, body, message.id.parse()) {
            (Some(channel), Ok(body), Ok(id)) => message::send(engine, &channel, id, &body).await,
            _ => Err("the channel is there no more".to_owned()),
        };
        settle(engine, message, outcome).await?;
    }
    Ok(())
}

async fn take(engine: &Engine, message: &alert_message::Model) -> Result<bool, StoreError> {
    let (id, due) = (message.id.clone(), message.due_at);
    let later = engine.now().plus(Duration::from_secs(60)).millis();
    let change = Change::new(move |transaction| {
        let id = id.clone();
        Box::pin(async move {
            let taken = alert_message::Entity::update_many()
                .filter(alert_message::Column::Id.eq(id))
                .filter(alert_message::Column::DueAt.eq(due))
                .col_expr(alert_message::Column::DueAt, Expr::value(later))
                .exec(transaction)
                .await?;
            if taken.rows_affected == 0 { Err(StoreError::Conflict) } else { Ok(()) }
        })
    });
    match engine.store.writer.change(change).await {
        Ok(()) => Ok(true),
        Err(StoreError::Conflict) => Ok(false),
        Err(error) => Err(error),
    }
}

async fn settle(
    engine: &Engine,
    message: alert_message::Model,
    outcome: Result<(), String>,
) -> Result<(), StoreError> {
    let attempts = message.attempts + 1;
    let wait = FIRST_WAIT.saturating_mul(1 << attempts.clamp(0, 16)).min(LONGEST_WAIT);
    let (status, due_at) = match &outcome {
        Ok(()) => ("delivered", None),
        Err(_) if attempts >= ATTEMPTS => ("failed", None),
        Err(_) => ("waiting", Some(engine.now().plus(wait).millis())),
    };
    if let Err(error) = &outcome {
        tracing::warn!(%error, attempts, channel = message.channel_id, "an alert did not arrive");
    }
    let model = alert_message::ActiveModel {
        id: Set(message.id),
        status: Set(status.into()),
        attempts: Set(attempts),
        due_at: Set(due_at),
        error: Set(outcome.err()),
        ..Default::default()
    };
    let change = Change::new(move |transaction| {
        let model = model.clone();
        Box::pin(async move {
            model.update(transaction).await?;
            Ok(())
        })
    });
    engine.store.writer.change(change).await
}
