//! How fast the database grows, and how much room it has left.

use sea_orm::{FromQueryResult, Statement};

use crate::Engine;
use crate::store::{StoreError, health};

const DAY: i64 = 24 * 60;
/// Of fewer events, what an empty database takes would say more than they do.
const ENOUGH: i64 = 1_000;

/// What the pace is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    /// Events that are stored now.
    stored: i64,
    /// What they take, with their runs and journals.
    bytes: u64,
    /// Events of the last day.
    accepted: i64,
    /// For how long events have been counted.
    minutes: i64,
}

impl Seen {
    /// Bytes a day, before anything is removed; `None` where there is too little to go by. Pure.
    fn pace(self) -> Option<u64> {
        if self.stored < ENOUGH || self.minutes < DAY {
            return None;
        }
        let bytes = u128::from(self.bytes) * u128::from(self.accepted.max(0).unsigned_abs());
        u64::try_from(bytes / u128::from(self.stored.unsigned_abs())).ok()
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Growth {
    /// Bytes a day at the pace of the last one, before anything is removed; `None` where there is too little
    /// to go by.
    pub per_day: Option<u64>,
    /// Bytes that the database may still take, on the disk and within its file; `None` on Postgres, whose
    /// disk is not ours.
    pub room: Option<u64>,
}

/// `stored` are the events that there are now, and `size` what the database takes.
pub(super) async fn read(
    engine: &Engine,
    stored: i64,
    size: health::Size,
) -> Result<Growth, StoreError> {
    #[derive(FromQueryResult)]
    struct Counted {
        first: Option<i64>,
        accepted: Option<i64>,
    }
    let read = &engine.store.read;
    let minute = engine.now().minute();
    let sql = "SELECT (SELECT MIN(minute) FROM event_rollups) AS first,
            CAST(SUM(accepted) AS BIGINT) AS accepted
         FROM event_rollups WHERE minute > $1";
    let values = [(minute - DAY).into()];
    let statement = Statement::from_sql_and_values(read.get_database_backend(), sql, values);
    let counted = Counted::find_by_statement(statement).one(read).await?;
    let (first, accepted) = counted.map_or((None, None), |row| (row.first, row.accepted));
    let unused = engine.store.space().await?.map_or(0, |space| space.free_bytes);
    let seen = Seen {
        stored,
        bytes: (size.database + size.log.unwrap_or(0)).saturating_sub(unused),
        accepted: accepted.unwrap_or(0),
        minutes: first.map_or(0, |first| minute - first),
    };
    // A disk that cannot be asked is as good as one that is not ours.
    let room = engine.store.folder.as_deref().and_then(|folder| health::room(folder).ok());
    Ok(Growth { per_day: seen.pace(), room: room.map(|room| room.free + unused) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONTH: Seen =
        Seen { stored: 30_000, bytes: 60_000_000, accepted: 500, minutes: 30 * DAY };

    #[test]
    fn the_last_day_takes_what_its_events_take_of_all() {
        assert_eq!(MONTH.pace(), Some(1_000_000));
        assert_eq!(Seen { accepted: 0, ..MONTH }.pace(), Some(0));
    }

    #[test]
    fn nothing_is_said_of_too_little() {
        assert_eq!(Seen { stored: ENOUGH - 1, ..MONTH }.pace(), None);
        assert_eq!(Seen { minutes: DAY - 1, ..MONTH }.pace(), None);
        let none = Seen { stored: 0, bytes: 0, accepted: 0, minutes: 0 };
        assert_eq!(none.pace(), None);
    }
}
