//! How long, and how much of them, events are kept. Nothing is removed until somebody says so.
//!
//! A rule is about settled events: processed ones, or dead letters, of one source or of every source
//! that has no rule of its own. Events go with their bodies, runs, journals and notes; what the
//! dashboard counts over time stays.

use std::time::Duration;

use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, QueryOrder, sea_query::OnConflict};

use crate::Engine;
use crate::audit::Note;
use crate::event::EventStatus;
use crate::store::entity::retention_rule;
use crate::store::{Change, StoreError};
use crate::time::Timestamp;

pub mod limit;
pub mod sweep;

/// Shorter would forget events while their senders may still repeat them.
pub const SHORTEST: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub status: Settled,
    /// `None` for every source that has no rule of its own.
    pub source: Option<String>,
    pub keep: Duration,
}

/// What a rule can be about: what is under way is never removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    Processed,
    Failed,
}

impl Settled {
    pub fn as_str(self) -> &'static str {
        self.status().as_str()
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Processed, Self::Failed].into_iter().find(|status| status.as_str() == text)
    }

    fn status(self) -> EventStatus {
        match self {
            Self::Processed => EventStatus::Processed,
            Self::Failed => EventStatus::Failed,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum RetentionError {
    #[error("events are kept for a day at least: senders may repeat them for as long")]
    TooShort,
    #[error("a size is a number with KiB, MiB, GiB or TiB, such as 20GiB")]
    Size,
    #[error("a limit below 1MiB would keep nothing")]
    TooSmall,
    #[error("the name of a source has 1 to 255 bytes")]
    Source,
    #[error("the rules could not be read or written: {0}")]
    Store(#[from] StoreError),
}

/// Puts a rule in force, in place of one for the same events.
pub async fn set(engine: &Engine, rule: Rule) -> Result<(), RetentionError> {
    if rule.keep < SHORTEST {
        return Err(RetentionError::TooShort);
    }
    let source = rule.source.clone().unwrap_or_default();
    if rule.source.is_some() && (source.is_empty() || source.len() > 255 || source.contains('\0')) {
        return Err(RetentionError::Source);
    }
    let model = retention_rule::Model {
        status: rule.status.as_str().into(),
        source,
        keep_millis: i64::try_from(rule.keep.as_millis()).unwrap_or(i64::MAX),
        created_at: engine.now().millis(),
    };
    let change = Change::new(move |transaction| {
        let model = model.clone().into_active_model().reset_all();
        let replace =
            OnConflict::columns([retention_rule::Column::Status, retention_rule::Column::Source])
                .update_columns([
                    retention_rule::Column::KeepMillis,
                    retention_rule::Column::CreatedAt,
                ])
                .to_owned();
        Box::pin(async move {
            retention_rule::Entity::insert(model)
                .on_conflict(replace)
                .exec_without_returning(transaction)
                .await?;
            Ok(())
        })
    });
    let days = rule.keep.as_secs_f64() / 86_400.0;
    let note = Note::new("retention.set", rule.name()).saying(format!("{days} days"));
    Ok(engine.store.writer.change(change.noted(note)).await?)
}

/// Keeps these events for ever again, or as the rule for every source says.
pub async fn remove(
    engine: &Engine,
    status: Settled,
    source: Option<String>,
) -> Result<(), RetentionError> {
    let name = Rule { status, source: source.clone(), keep: SHORTEST }.name();
    let change = Change::new(move |transaction| {
        let key = (status.as_str().to_owned(), source.clone().unwrap_or_default());
        Box::pin(async move {
            retention_rule::Entity::delete_by_id(key).exec(transaction).await?;
            Ok(())
        })
    });
    let note = Note::new("retention.removed", name);
    Ok(engine.store.writer.change(change.noted(note)).await?)
}

/// All rules: for each status the one for every source first.
pub async fn list(engine: &Engine) -> Result<Vec<Rule>, StoreError> {
    let all = retention_rule::Entity::find()
        .order_by_desc(retention_rule::Column::Status)
        .order_by_asc(retention_rule::Column::Source);
    Ok(all.all(&engine.store.read).await?.into_iter().filter_map(Rule::of).collect())
}

impl Rule {
    fn of(model: retention_rule::Model) -> Option<Self> {
        Some(Self {
            status: Settled::parse(&model.status)?,
            source: Some(model.source).filter(|source| !source.is_empty()),
            keep: Duration::from_millis(model.keep_millis.unsigned_abs()),
        })
    }

    fn name(&self) -> String {
        match &self.source {
            Some(source) => format!("{} of {source}", self.status.as_str()),
            None => self.status.as_str().to_owned(),
        }
    }

    /// What was received before this has been kept long enough.
    fn until(&self, now: Timestamp) -> Timestamp {
        now.minus(self.keep)
    }
}

/// What a rule would remove now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub rule: Rule,
    pub events: i64,
    /// Of payloads; their runs and journals come on top.
    pub bytes: i64,
    pub oldest: Option<Timestamp>,
}
