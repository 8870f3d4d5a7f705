//! Which event types there are, and the newest events of several.
//!
//! Types are few beside events, so they are found by leaping through their index from one to the next.
//! Invariant: what a page costs depends on the types that match, not on how many events there are.

use sea_orm::ColumnTrait;
use sea_orm::sea_query::{Order, Query, SelectStatement, UnionType};

use super::near::{self, Span};
use super::{EventFilter, EventType, Pattern, leap};
use crate::Engine;
use crate::store::StoreError;
use crate::store::entity::event;

/// How many types are looked at before it is given up to name those that match.
const LOOKED_AT: usize = 2_000;
/// Of so many types at most the events are looked for one type after the other.
const MOST: usize = 64;

/// What matches a pattern.
pub(super) enum Matching {
    /// These types, of all that there are.
    Only(Vec<String>),
    /// So many that the newest events are looked at one by one.
    Many,
}

pub(super) async fn matching(engine: &Engine, pattern: &Pattern) -> Result<Matching, StoreError> {
    let names = leap::values(engine, "event_type", pattern.prefix(), LOOKED_AT).await?;
    let seen_all = names.len() < LOOKED_AT;
    let fitting: Vec<_> =
        names.into_iter().filter(|name| pattern.matches(&EventType::stored(name))).collect();
    Ok(match seen_all && fitting.len() <= MOST {
        true => Matching::Only(fitting),
        false => Matching::Many,
    })
}

/// The numbers of the newest events of each of `types` under the rest of `filter`, within `span`.
/// `None` when there are no types.
pub(super) fn newest(
    types: &[String],
    filter: &EventFilter,
    span: Span,
    limit: u64,
) -> Option<SelectStatement> {
    let of_one = |name: &String| {
        Query::select()
            .column(event::Column::Seq)
            .from(event::Entity)
            .cond_where(filter.condition_without_type())
            .and_where(event::Column::EventType.eq(name))
            .and_where(event::Column::Seq.gt(span.after))
            .and_where(event::Column::Seq.lt(span.before))
            .order_by(event::Column::Seq, Order::Desc)
            .limit(limit)
            .take()
    };
    near::together(types.iter().map(of_one), UnionType::All)
}
