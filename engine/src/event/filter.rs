//! Which events are meant: by one decision for the database and for what comes by live.

use sea_orm::{ColumnTrait, Condition};

use super::{EventRow, EventStatus, Pattern};
use crate::id::{BulkId, EventId, first_event_id_at};
use crate::search::Search;
use crate::store::entity::event;
use crate::time::Timestamp;

/// Which events; every condition must hold.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    pub event_type: Option<Pattern>,
    pub source: Option<String>,
    pub status: Option<EventStatus>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    /// An id, a sender's id, or the beginning of one.
    pub id: Option<String>,
    /// A group of failures, see [`super::error_group`].
    pub group: Option<String>,
    /// Touched by this operation, and by none after it.
    pub bulk: Option<BulkId>,
    /// These and no others; none means no condition.
    pub ids: Vec<EventId>,
    /// By what the payload says. Only lists ask for it; [`Self::accepts`] knows no payload, see
    /// [`retain`](crate::search::retain).
    pub search: Option<Search>,
    /// Only those that are processed or failed.
    pub settled: bool,
    /// Held or not held.
    pub held: Option<bool>,
}

impl EventFilter {
    /// Whether it lets every event through.
    pub fn is_open(&self) -> bool {
        let Self {
            event_type,
            source,
            status,
            from,
            to,
            id,
            group,
            bulk,
            ids,
            search,
            settled,
            held,
        } = self;
        event_type.is_none()
            && source.is_none()
            && status.is_none()
            && (from, to) == (&None, &None)
            && id.is_none()
            && group.is_none()
            && bulk.is_none()
            && ids.is_empty()
            && search.is_none()
            && !settled
            && held.is_none()
    }

    /// The same decision as the database makes, for events that come by live.
    pub fn accepts(&self, row: &EventRow) -> bool {
        self.has_type(row)
            && self.source.as_ref().is_none_or(|source| *source == row.source)
            && self.status.is_none_or(|status| status == row.status)
            && self.from.is_none_or(|from| row.received_at >= from)
            && self.to.is_none_or(|to| row.received_at < to)
            && self.id.as_ref().is_none_or(|id| {
                row.id.to_string().starts_with(id.as_str()) || row.event_id.starts_with(id.as_str())
            })
            && self.group.as_ref().is_none_or(|group| row.error_group.as_ref() == Some(group))
            && self.bulk.is_none_or(|bulk| row.bulk == Some(bulk))
            && (self.ids.is_empty() || self.ids.contains(&row.id))
            && self.held.is_none_or(|held| held == row.held)
            && (!self.settled || matches!(row.status, EventStatus::Processed | EventStatus::Failed))
    }

    /// What the database only narrows down: the pattern decides.
    pub(super) fn has_type(&self, row: &EventRow) -> bool {
        self.event_type.as_ref().is_none_or(|pattern| pattern.matches(&row.event_type))
    }

    pub(crate) fn condition(&self) -> Condition {
        let all = self.condition_without_type();
        match self.event_type.as_ref().map(|pattern| (pattern, pattern.literal())) {
            Some((_, Some(literal))) => all.add(event::Column::EventType.eq(literal)),
            // The beginning narrows it down; the pattern itself decides on each row.
            Some((pattern, None)) => match end_of_prefix(pattern.prefix()) {
                Some(end) => all
                    .add(event::Column::EventType.gte(pattern.prefix()))
                    .add(event::Column::EventType.lt(end)),
                None => all,
            },
            None => all,
        }
    }

    pub(super) fn condition_without_type(&self) -> Condition {
        let mut all = Condition::all();
        if let Some(source) = &self.source {
            all = all.add(event::Column::Source.eq(source));
        }
        if let Some(status) = self.status {
            // Written out, so that the partial index of this status applies.
            all = all.add(sea_orm::sea_query::Expr::cust(format!("status = '{status}'")));
        }
        if let Some(from) = self.from {
            all = all.add(event::Column::Id.gte(first_event_id_at(from)));
        }
        if let Some(to) = self.to {
            all = all.add(event::Column::Id.lt(first_event_id_at(to)));
        }
        if let Some(id) = &self.id {
            let begins = |column: event::Column| match end_of_prefix(id) {
                Some(end) => Condition::all().add(column.gte(id)).add(column.lt(end)),
                None => Condition::all().add(column.gte(id)),
            };
            all = all.add(
                Condition::any().add(begins(event::Column::Id)).add(begins(event::Column::EventId)),
            );
        }
        if let Some(group) = &self.group {
            all = all.add(event::Column::ErrorGroup.eq(group));
        }
        if let Some(bulk) = self.bulk {
            all = all.add(event::Column::BulkId.eq(bulk.to_string()));
        }
        if !self.ids.is_empty() {
            let ids = self.ids.iter().map(ToString::to_string);
            all = all.add(event::Column::Id.is_in(ids));
        }
        if self.settled {
            all = all.add(
                event::Column::Status
                    .is_in([EventStatus::Processed.as_str(), EventStatus::Failed.as_str()]),
            );
        }
        if let Some(held) = self.held {
            // As it stands in the partial index.
            all = all.add(sea_orm::sea_query::Expr::cust(if held { "held" } else { "NOT held" }));
        }
        all
    }
}

/// The first text after all that begin with `prefix`.
pub(super) fn end_of_prefix(prefix: &str) -> Option<String> {
    let mut characters: Vec<char> = prefix.chars().collect();
    while let Some(last) = characters.pop() {
        if let Some(next) = char::from_u32(u32::from(last) + 1) {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::end_of_prefix;

    #[test]
    fn a_prefix_is_a_range() {
        assert_eq!(end_of_prefix("order."), Some("order/".into()));
        assert_eq!(end_of_prefix(""), None);
        assert_eq!(end_of_prefix("a\u{10ffff}"), Some("b".into()));
    }
}
