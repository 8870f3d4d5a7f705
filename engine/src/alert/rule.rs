//! Making, changing, muting and listing rules.

use std::time::Duration;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Set,
};

use super::decide::Turn;
use super::{AlertError, Condition, Rule, State};
use crate::Engine;
use crate::audit::Note;
use crate::event::Pattern;
use crate::id::{AlertRuleId, AlertTurnId};
use crate::store::entity::{alert_history, alert_rule};
use crate::store::{Change, StoreError};
use crate::time::Timestamp;

const LONGEST_NAME: usize = 100;
/// Windows are read from rollups of minutes; a month is as far as anyone looks back.
const SHORTEST_WINDOW: Duration = Duration::from_secs(60);
const LONGEST_WINDOW: Duration = Duration::from_secs(31 * 24 * 3600);

/// What a rule is to be.
#[derive(Debug, Clone)]
pub struct NewRule {
    pub name: String,
    pub condition: Condition,
    pub repeat: Duration,
}

impl NewRule {
    /// What is wrong with it, in words. Pure.
    fn check(&self) -> Result<(), AlertError> {
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > LONGEST_NAME || name.contains('\0') {
            return Err(AlertError::Name);
        }
        let (window, event_type, source) = match &self.condition {
            Condition::FailedEvents { window, event_type, source, .. }
            | Condition::FailureRate { window, event_type, source, .. }
            | Condition::Absence { window, event_type, source } => {
                (Some(window), event_type.as_ref(), source.as_ref())
            }
            Condition::SchemaDrift { window, event_type } => {
                (Some(window), event_type.as_ref(), None)
            }
            Condition::Rejected { window, source, .. } => (Some(window), None, source.as_ref()),
            Condition::Latency { window, .. } => (Some(window), None, None),
            Condition::DeadLetters { .. } => (None, None, None),
        };
        let invalid = |text: &str| Err(AlertError::Invalid(text.to_owned()));
        if window.is_some_and(|window| !(SHORTEST_WINDOW..=LONGEST_WINDOW).contains(&window.0)) {
            return invalid("a window is from 1m to 31d");
        }
        if source.is_some_and(|source| source.contains('\0')) {
            return invalid("a source has no NUL character");
        }
        if let Some(event_type) = event_type {
            Pattern::parse(event_type).map_err(|error| AlertError::Invalid(error.to_string()))?;
        }
        match self.condition {
            Condition::FailureRate { over_percent, .. } if over_percent >= 100 => {
                invalid("a share over which a rule fires is below 100 percent")
            }
            Condition::Latency { percentile, .. } if !(1..=99).contains(&percentile) => {
                invalid("a percentile is from 1 to 99")
            }
            _ if self.repeat < SHORTEST_WINDOW => invalid("a rule repeats after 1m or more"),
            _ => Ok(()),
        }
    }
}

impl Rule {
    /// As it stands now: what was muted until a time that has come is muted no more.
    fn standing(model: alert_rule::Model, now: Timestamp) -> Result<Self, StoreError> {
        let rule = Self::try_from(model)?;
        Ok(Self { muted_until: rule.muted_until.filter(|until| now < *until), ..rule })
    }
}

impl TryFrom<alert_rule::Model> for Rule {
    type Error = StoreError;

    fn try_from(model: alert_rule::Model) -> Result<Self, StoreError> {
        let broken = |error: serde_json::Error| {
            StoreError::Database(sea_orm::DbErr::Custom(format!("{}: {error}", model.id)))
        };
        Ok(Self {
            id: model.id.parse().unwrap_or(AlertRuleId::new(0)),
            condition: serde_json::from_str(&model.condition).map_err(broken)?,
            name: model.name,
            repeat: Duration::from_millis(model.repeat_millis.unsigned_abs()),
            muted_until: model.muted_until.map(Timestamp::from_millis),
            state: State::parse(&model.state),
            since: Timestamp::from_millis(model.since),
            calm: model.calm,
            told_at: model.told_at.map(Timestamp::from_millis),
            value: model.value,
            created_at: Timestamp::from_millis(model.created_at),
        })
    }
}

pub async fn create(engine: &Engine, new: NewRule) -> Result<Rule, AlertError> {
    new.check()?;
    let now = engine.now();
    let id = AlertRuleId::new(engine.environment.next_id());
    let model = alert_rule::Model {
        id: id.to_string(),
        name: new.name.trim().to_owned(),
        condition: serde_json::json!(new.condition).to_string(),
        repeat_millis: i64::try_from(new.repeat.as_millis()).unwrap_or(i64::MAX),
        muted_until: None,
        state: State::Quiet.as_str().into(),
        since: now.millis(),
        calm: 0,
        told_at: None,
        value: None,
        created_at: now.millis(),
    };
    let note = Note::new("alert.rule_created", &model.id).saying(&model.name);
    let insert = model.clone();
    let change = Change::new(move |transaction| {
        let insert = insert.clone().into_active_model().reset_all();
        Box::pin(async move {
            insert.insert(transaction).await?;
            Ok(())
        })
    });
    engine.store.writer.change(change.noted(note)).await?;
    Ok(model.try_into()?)
}

/// Puts another name, condition or interval in force; it is read anew from there.
pub async fn replace(engine: &Engine, id: AlertRuleId, new: NewRule) -> Result<Rule, AlertError> {
    new.check()?;
    find(engine, id).await?;
    let note = Note::new("alert.rule_changed", id.to_string()).saying(new.name.trim());
    let model = alert_rule::ActiveModel {
        id: Set(id.to_string()),
        name: Set(new.name.trim().to_owned()),
        condition: Set(serde_json::json!(new.condition).to_string()),
        repeat_millis: Set(i64::try_from(new.repeat.as_millis()).unwrap_or(i64::MAX)),
        state: Set(State::Quiet.as_str().into()),
        since: Set(engine.now().millis()),
        calm: Set(0),
        told_at: Set(None),
        // It was read by another measure.
        value: Set(None),
        ..Default::default()
    };
    update(engine, model, note).await?;
    find(engine, id).await
}

/// Silences a rule until then; `None` lets it speak again.
pub async fn mute(
    engine: &Engine,
    id: AlertRuleId,
    until: Option<Timestamp>,
) -> Result<Rule, AlertError> {
    let found = find(engine, id).await?;
    let action = if until.is_some() { "alert.rule_muted" } else { "alert.rule_unmuted" };
    let model = alert_rule::ActiveModel {
        id: Set(id.to_string()),
        muted_until: Set(until.map(Timestamp::millis)),
        ..Default::default()
    };
    update(engine, model, Note::new(action, id.to_string()).saying(found.name)).await?;
    find(engine, id).await
}

async fn update(
    engine: &Engine,
    model: alert_rule::ActiveModel,
    note: Note,
) -> Result<(), AlertError> {
    let change = Change::new(move |transaction| {
        let model = model.clone();
        Box::pin(async move {
            model.update(transaction).await?;
            Ok(())
        })
    });
    Ok(engine.store.writer.change(change.noted(note)).await?)
}

/// Removes a rule; its history stays.
pub async fn delete(engine: &Engine, id: AlertRuleId) -> Result<(), AlertError> {
    let found = find(engine, id).await?;
    let change = Change::new(move |transaction| {
        Box::pin(async move {
            alert_rule::Entity::delete_by_id(id.to_string()).exec(transaction).await?;
            Ok(())
        })
    });
    let note = Note::new("alert.rule_deleted", id.to_string()).saying(found.name);
    Ok(engine.store.writer.change(change.noted(note)).await?)
}

pub async fn find(engine: &Engine, id: AlertRuleId) -> Result<Rule, AlertError> {
    let found = alert_rule::Entity::find_by_id(id.to_string()).one(&engine.store.read).await;
    let found = found.map_err(StoreError::from)?.ok_or(AlertError::UnknownRule(id))?;
    Ok(Rule::standing(found, engine.now())?)
}

/// All rules, in the order in which they were made.
pub async fn list(engine: &Engine) -> Result<Vec<Rule>, StoreError> {
    let rules = alert_rule::Entity::find().order_by_asc(alert_rule::Column::Id);
    let now = engine.now();
    let rules = rules.all(&engine.store.read).await?.into_iter();
    rules.map(|model| Rule::standing(model, now)).collect()
}

/// How many fire. There are few rules, so that it costs next to nothing.
pub(crate) async fn firing(engine: &Engine) -> Result<u64, StoreError> {
    let firing = alert_rule::Column::State.eq(State::Firing.as_str());
    Ok(alert_rule::Entity::find().filter(firing).count(&engine.store.read).await?)
}

/// A turn that a rule took.
#[derive(Debug, Clone)]
pub struct Told {
    pub id: AlertTurnId,
    pub rule: String,
    pub rule_name: String,
    pub at: Timestamp,
    /// `fires`, `reminds` or `resolves`.
    pub turn: String,
    pub message: String,
}

impl Told {
    pub fn fires(&self) -> bool {
        self.turn == Turn::Fires.as_str()
    }
}

/// The newest turns first.
pub async fn history(engine: &Engine, limit: u64) -> Result<Vec<Told>, StoreError> {
    let newest =
        alert_history::Entity::find().order_by_desc(alert_history::Column::Id).limit(limit);
    let told = newest.all(&engine.store.read).await?.into_iter().map(|model| Told {
        id: model.id.parse().unwrap_or(AlertTurnId::new(0)),
        rule: model.rule_id,
        rule_name: model.rule_name,
        at: Timestamp::from_millis(model.at),
        turn: model.turn,
        message: model.message,
    });
    Ok(told.collect())
}
