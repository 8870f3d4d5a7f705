//! How much is kept: beyond it, the oldest settled events go, however young they are.
//!
//! Sizes are those of payloads, as the counters have them; runs and journals come on top. Held events
//! count and stay.

use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, QueryOrder, sea_query::OnConflict};

use super::{RetentionError, Settled};
use crate::Engine;
use crate::audit::Note;
use crate::store::entity::{retention_limit, status_count};
use crate::store::{Change, StoreError};

/// A limit below this is a mistake.
pub const SMALLEST: u64 = 1 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub status: Settled,
    pub max_bytes: u64,
}

/// A limit, and how much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// Puts a limit in force, in place of the one for the same events.
pub async fn set(engine: &Engine, limit: Limit) -> Result<(), RetentionError> {
    if limit.max_bytes < SMALLEST {
        return Err(RetentionError::TooSmall);
    }
    let model = retention_limit::Model {
        status: limit.status.as_str().into(),
        max_bytes: i64::try_from(limit.max_bytes).map_err(|_| RetentionError::Size)?,
        created_at: engine.now().millis(),
    };
    let change = Change::new(move |transaction| {
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
    });
    let note = Note::new("retention.limited", limit.status.as_str());
    let note = note.saying(written(limit.max_bytes));
    Ok(engine.store.writer.change(change.noted(note)).await?)
}

/// Lets these events grow as they will.
pub async fn remove(engine: &Engine, status: Settled) -> Result<(), RetentionError> {
    let change = Change::new(move |transaction| {
        Box::pin(async move {
            retention_limit::Entity::delete_by_id(status.as_str()).exec(transaction).await?;
            Ok(())
        })
    });
    let note = Note::new("retention.unlimited", status.as_str());
    Ok(engine.store.writer.change(change.noted(note)).await?)
}

/// All limits, processed events first, and where they stand.
pub async fn list(engine: &Engine) -> Result<Vec<Standing>, StoreError> {
    let read = &engine.store.read;
    let all = retention_limit::Entity::find().order_by_desc(retention_limit::Column::Status);
    let counts = status_count::Entity::find().all(read).await?;
    let standing = |model: retention_limit::Model| {
        let count = counts.iter().find(|count| count.status == model.status);
        let limit = Limit {
            status: Settled::parse(&model.status)?,
            max_bytes: model.max_bytes.unsigned_abs(),
        };
        Some(Standing {
            limit,
            bytes: count.map_or(0, |count| count.bytes.max(0).unsigned_abs()),
            events: count.map_or(0, |count| count.count.max(0).unsigned_abs()),
        })
    };
    Ok(all.all(read).await?.into_iter().filter_map(standing).collect())
}

/// The first of the rows, each with its bytes, that together have as many as `excess`. Pure.
pub(super) fn enough(rows: &[(i64, i64)], excess: u64) -> Vec<i64> {
    let mut left = i64::try_from(excess).unwrap_or(i64::MAX);
    let needed = |(_, bytes): &&(i64, i64)| {
        let more = left > 0;
        left -= (*bytes).max(0);
        more
    };
    rows.iter().take_while(needed).map(|(seq, _)| *seq).collect()
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
        let rows = [(1, 40), (2, 0), (3, 60), (4, 10)];
        assert_eq!(enough(&rows, 100), [1, 2, 3]);
        assert_eq!(enough(&rows, 40), [1]);
        assert_eq!(enough(&rows, 41), [1, 2, 3]);
        assert_eq!(enough(&rows, 0), Vec::<i64>::new());
        assert_eq!(enough(&rows, 1_000), [1, 2, 3, 4]);
    }
}
