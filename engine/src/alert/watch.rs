//! Reading the rules again and again, and writing down what they say: the turns, and the messages about them.

use std::time::Duration;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, sea_query::Expr,
};

use super::decide::{Decision, decide};
use super::message::{self, Line, Message};
use super::{Channel, Rule, channel, reading, rule};
use crate::Engine;
use crate::id::{AlertTurnId, MessageId};
use crate::pace;
use crate::store::entity::{alert_history, alert_message, alert_rule};
use crate::store::{Change, StoreError};
use crate::time::Timestamp;

const EVERY: Duration = Duration::from_secs(15);

/// Runs until the engine stops.
pub(crate) async fn watch(engine: Engine) {
    let mut tick = pace::every(EVERY);
    loop {
        tokio::select! {
            () = engine.stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        if let Err(error) = evaluate(&engine).await {
            tracing::warn!(%error, "the alert rules could not be read");
        }
        engine.telling.notify_one();
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
