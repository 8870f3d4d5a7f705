//! How long, and how much of them, events are kept. Nothing is removed until somebody says so.
//!
//! A rule is about settled events: processed ones, or dead letters, of one source or of every source
//! that has no rule of its own. Events go with their bodies, runs, journals and notes. What the
//! dashboard counts over time, the audit log and what alerts said have times of their own ([`forget`]).

use std::time::Duration;

use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, QueryOrder, sea_query::OnConflict};

use crate::Engine;
use crate::audit::Note;
use crate::event::EventStatus;
use crate::store::entity::retention_rule;
use crate::store::{Change, StoreError};
use crate::time::Timestamp;

mod count;
pub mod forget;
pub mod going;
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
    rule.check()?;
    let model = retention_rule::Model {
        status: rule.status.as_str().into(),
        source: rule.source.clone().unwrap_or_default(),
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
    let note = Note::new("retention.set", name(rule.status, rule.source.as_deref()))
        .saying(format!("{days} days"));
    Ok(engine.store.writer.change(change.noted(note)).await?)
}

/// Keeps these events for ever again, or as the rule for every source says.
pub async fn remove(
    engine: &Engine,
    status: Settled,
    source: Option<String>,
) -> Result<(), RetentionError> {
    let name = name(status, source.as_deref());
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

    fn check(&self) -> Result<(), RetentionError> {
        match self.keep < SHORTEST {
            true => Err(RetentionError::TooShort),
            false => check_source(self.source.as_deref()),
        }
    }

    /// What was received before this has been kept long enough.
    fn until(&self, now: Timestamp) -> Timestamp {
        now.minus(self.keep)
    }
}

fn check_source(source: Option<&str>) -> Result<(), RetentionError> {
    let wrong = |name: &str| name.is_empty() || name.len() > 255 || name.contains('\0');
    match source.is_some_and(wrong) {
        true => Err(RetentionError::Source),
        false => Ok(()),
    }
}

/// What the audit log calls these events.
fn name(status: Settled, source: Option<&str>) -> String {
    match source {
        Some(source) => format!("{} of {source}", status.as_str()),
        None => status.as_str().to_owned(),
    }
}
