//! What an operation would do: how many events, of which types, from which groups.

use std::collections::BTreeMap;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::{Action, BulkError, Filter, InvalidFilter};
use crate::Engine;
use crate::event::error_group::{self, Counted};
use crate::event::{EventFilter, EventType, note, read};
use crate::store::StoreError;
use crate::store::entity::event;

/// How many types and groups are told one by one, the largest first.
const MOST: usize = 100;

/// An operation that has not been started.
#[derive(Debug, Clone)]
pub struct NewBulk {
    pub action: Action,
    pub filter: Filter,
    /// Kept with each event that is taken as processed.
    pub note: Option<String>,
    /// Take one event first, then ten, then the rest, and stop when they fail again.
    pub canary: bool,
}

impl NewBulk {
    /// Which events it is for, if it can be done at all.
    pub fn check(&self) -> Result<EventFilter, BulkError> {
        if self.canary && !self.action.has_canary() {
            return Err(InvalidFilter::Canary.into());
        }
        note::parse(self.note.as_deref().unwrap_or_default())?;
        Ok(self.filter.events(self.action)?)
    }
}

/// What it would be done to.
#[derive(Debug, Clone)]
pub struct Plan {
    pub total: i64,
    /// Counts by event type, the largest first.
    pub by_type: Vec<(String, i64)>,
    /// Counts by group of dead letters, the largest first.
    pub by_group: Vec<(Counted, i64)>,
    /// How many more it would be for, if nobody held them.
    pub held: i64,
    /// The last event that was there.
    pub(crate) upper_seq: i64,
}

/// Counts; nothing is changed.
pub async fn plan(engine: &Engine, new: &NewBulk) -> Result<Plan, BulkError> {
    let filter = new.check()?;
    let mut plan = count(engine, &filter).await?;
    if filter.held == Some(false) {
        plan.held = count(engine, &EventFilter { held: Some(true), ..filter }).await?.total;
    }
    Ok(plan)
}

async fn count(engine: &Engine, filter: &EventFilter) -> Result<Plan, StoreError> {
    let upper_seq = read::newest(engine).await?;
    let counted = event::Entity::find()
        .select_only()
        .column(event::Column::EventType)
        .column(event::Column::ErrorGroup)
        .column_as(event::Column::Seq.count(), "count")
        .filter(filter.condition())
        .filter(event::Column::Seq.lte(upper_seq))
        .group_by(event::Column::EventType)
        .group_by(event::Column::ErrorGroup);
    let counted: Vec<(String, Option<String>, i64)> =
        counted.into_tuple().all(&engine.store.read).await?;
    let (mut types, mut groups) = (BTreeMap::new(), BTreeMap::new());
    let mut total = 0;
    for (event_type, group, count) in counted {
        // The index narrows down, the pattern decides.
        let fits =
            |pattern: &crate::event::Pattern| pattern.matches(&EventType::stored(&event_type));
        if !filter.event_type.as_ref().is_none_or(fits) {
            continue;
        }
        total += count;
        *types.entry(event_type).or_insert(0) += count;
        if let Some(group) = group {
            *groups.entry(group).or_insert(0) += count;
        }
    }
    let mut groups = largest(groups);
    groups.truncate(MOST);
    let known =
        error_group::named(engine, groups.iter().map(|(id, _)| id.clone()).collect()).await?;
    let of = |(id, count): (String, i64)| {
        let group = known.iter().find(|known| known.group.id == id)?;
        Some((group.clone(), count))
    };
    let mut by_type = largest(types);
    by_type.truncate(MOST);
    let by_group = groups.into_iter().filter_map(of).collect();
    Ok(Plan { total, by_type, by_group, held: 0, upper_seq })
}

fn largest(counts: BTreeMap<String, i64>) -> Vec<(String, i64)> {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}
