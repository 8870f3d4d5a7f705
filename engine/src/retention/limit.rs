//! How much is kept: beyond it, the oldest settled events go, however young they are.
//!
//! Sizes are those of payloads, as the counters have them; runs and journals come on top. Held events
//! count and stay. A limit without a source is about all events together, also those of sources that have
//! a limit of their own.

use std::sync::Arc;

use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, QueryOrder, sea_query::OnConflict};

use super::count::{self, Count};
use super::{RetentionError, Settled, check_source, name};
use crate::Engine;
use crate::audit::Note;
use crate::store::entity::{retention_limit, source_limit, status_count};
use crate::store::{Change, StoreError};

/// A limit below this is a mistake.
pub const SMALLEST: u64 = 1 << 20;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    pub status: Settled,
    /// `None` for all sources together.
    pub source: Option<String>,
    pub max_bytes: u64,
}

/// A limit, and how much there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub limit: Limit,
    pub bytes: u64,
    pub events: u64,
}

/// `500MiB`, `20GiB`; a bare number is bytes.
pub fn parse(text: &str) -> Result<u64, RetentionError> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let shift = match unit.trim() {
        "" | "B" => 0,
        "KiB" | "K" => 10,
        "MiB" | "M" => 20,
        "GiB" | "G" => 30,
        "TiB" | "T" => 40,
        _ => return Err(RetentionError::Size),
    };
    let number: u64 = digits.parse().map_err(|_| RetentionError::Size)?;
    let bytes = number.checked_mul(1 << shift).filter(|bytes| i64::try_from(*bytes).is_ok());
    bytes.ok_or(RetentionError::Size)
}

/// As it is typed: in the largest unit that has no rest.
pub fn written(bytes: u64) -> String {
    let units = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
    let fits = |(shift, _): &&(u32, &str)| bytes >= 1 << shift && bytes.trailing_zeros() >= *shift;
    match units.iter().find(fits) {
        Some((shift, unit)) => format!("{}{unit}", bytes >> shift),
        None => format!("{bytes}B"),
    }
}

impl Limit {
    pub(super) fn check(&self) -> Result<(), RetentionError> {
        match self.max_bytes < SMALLEST {
            true => Err(RetentionError::TooSmall),
            false => check_source(self.source.as_deref()),
        }
    }
}

/// Puts a limit in force, in place of the one for the same events.
pub async fn set(engine: &Engine, limit: Limit) -> Result<(), RetentionError> {
    limit.check()?;
    let max_bytes = i64::try_from(limit.max_bytes).map_err(|_| RetentionError::Size)?;
    let change = match limit.source.as_deref() {
        None => set_for_all(engine, limit.status, max_bytes),
        Some(source) => set_for_source(engine, limit.status, source, max_bytes).await?,
    };
    let note = Note::new("retention.limited", name(limit.status, limit.source.as_deref()));
    let note = note.saying(written(limit.max_bytes));
    Ok(engine.store.writer.change(change.noted(note)).await?)
}

fn set_for_all(engine: &Engine, status: Settled, max_bytes: i64) -> Change {
    let created_at = engine.now().millis();
    let model = retention_limit::Model { status: status.as_str().into(), max_bytes, created_at };
    Change::new(move |transaction| {
        let model = model.clone().into_active_model().reset_all();
        let replace = OnConflict::column(retention_limit::Column::Status)
            .update_columns([retention_limit::Column::MaxBytes, retention_limit::Column::CreatedAt])
            .to_owned();
        Box::pin(async move {
            retention_limit::Entity::insert(model)
                .on_conflict(replace)
                .exec_without_returning(transaction)
                .await?;
            Ok(())
        })
    })
}

async fn set_for_source(
    engine: &Engine,
    status: Settled,
    source: &str,
    max_bytes: i64,
) -> Result<Change, StoreError> {
    let now = engine.now().millis();
    let begun = Arc::new(count::begin(engine, status, source).await?);
    let source = source.to_owned();
    Ok(Change::new(move |transaction| {
        let (begun, source) = (Arc::clone(&begun), source.clone());
        let key = [source_limit::Column::Status, source_limit::Column::Source];
        let replace = OnConflict::columns(key)
            .update_columns([
                source_limit::Column::MaxBytes,
                source_limit::Column::CreatedAt,
                source_limit::Column::Events,
                source_limit::Column::Bytes,
                source_limit::Column::CountedAt,
            ])
            .to_owned();
        Box::pin(async move {
            let Count { events, bytes } = begun.complete(transaction).await?;
            let model = source_limit::Model {
                status: status.as_str().into(),
                source,
                max_bytes,
                created_at: now,
                events,
                bytes,
                counted_at: now,
            };
            source_limit::Entity::insert(model.into_active_model().reset_all())
                .on_conflict(replace)
                .exec_without_returning(transaction)
                .await?;
            Ok(())
        })
    }))
}

/// Lets these events grow as they will.
pub async fn remove(
    engine: &Engine,
    status: Settled,
    source: Option<String>,
) -> Result<(), RetentionError> {
    let note = Note::new("retention.unlimited", name(status, source.as_deref()));
    let change = Change::new(move |transaction| {
        let source = source.clone();
        Box::pin(async move {
            let status = status.as_str();
            match source {
                None => retention_limit::Entity::delete_by_id(status).exec(transaction).await?,
                Some(source) => {
                    let key = (status.to_owned(), source);
                    source_limit::Entity::delete_by_id(key).exec(transaction).await?
                }
            };
            Ok(())
        })
    });
    Ok(engine.store.writer.change(change.noted(note)).await?)
}

/// All limits and where they stand: processed events first, all sources together before each by itself.
pub async fn list(engine: &Engine) -> Result<Vec<Standing>, StoreError> {
    let read = &engine.store.read;
    let counts = status_count::Entity::find().all(read).await?;
    let of_all = retention_limit::Entity::find().all(read).await?.into_iter().filter_map(|model| {
        let count = counts.iter().find(|count| count.status == model.status);
        let limit = Limit {
            status: Settled::parse(&model.status)?,
            source: None,
            max_bytes: model.max_bytes.unsigned_abs(),
        };
        Some(Standing {
            limit,
            bytes: count.map_or(0, |count| count.bytes.max(0).unsigned_abs()),
            events: count.map_or(0, |count| count.count.max(0).unsigned_abs()),
        })
    });
    let of_sources =
        source_limit::Entity::find().order_by_asc(source_limit::Column::Source).all(read).await?;
    let of_sources = of_sources.into_iter().filter_map(|model| {
        let limit = Limit {
            status: Settled::parse(&model.status)?,
            source: Some(model.source),
            max_bytes: model.max_bytes.unsigned_abs(),
        };
        let [bytes, events] = [model.bytes, model.events].map(|of| of.max(0).unsigned_abs());
        Some(Standing { limit, bytes, events })
    });
    let mut all: Vec<Standing> = of_all.chain(of_sources).collect();
    all.sort_by_key(|standing| standing.limit.status == Settled::Failed);
    Ok(all)
}

/// How much there is of what the limit is about, in force or not.
pub(super) async fn bytes(engine: &Engine, limit: &Limit) -> Result<u64, StoreError> {
    let bytes = match &limit.source {
        Some(source) => count::now(engine, limit.status, source).await?.bytes,
        None => {
            let of_status = status_count::Entity::find_by_id(limit.status.as_str());
            of_status.one(&engine.store.read).await?.map_or(0, |count| count.bytes)
        }
    };
    Ok(bytes.max(0).unsigned_abs())
}

/// How many of the first rows, by their bytes, together have as many as `excess`. Pure.
pub(super) fn enough(rows: impl IntoIterator<Item = i64>, excess: u64) -> usize {
    let mut left = i64::try_from(excess).unwrap_or(i64::MAX);
    let needed = |bytes: &i64| {
        let more = left > 0;
        left = left.saturating_sub(*bytes);
        more
    };
    rows.into_iter().take_while(needed).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written() {
        for (text, bytes) in
            [("500MiB", 500 << 20), ("20GiB", 20 << 30), ("7", 7), ("1 T", 1 << 40)]
        {
            assert_eq!(parse(text).unwrap(), bytes, "{text}");
        }
        for wrong in ["", "GiB", "5 apples", "-1", "99999999999999999999", "9000000TiB"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(written(20 << 30), "20GiB");
        assert_eq!(written((1 << 30) + (1 << 20)), "1025MiB");
        assert_eq!(written(1_000), "1000B");
    }

    #[test]
    fn no_more_go_than_are_needed() {
        for (excess, rows) in [(100, 3), (40, 1), (41, 3), (0, 0), (1_000, 4)] {
            assert_eq!(enough([40, 0, 60, 10], excess), rows, "{excess} bytes too many");
        }
    }
}
