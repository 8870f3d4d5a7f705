//! Sessions as rows: opaque data under an id of 128 random bits, gone when they expire.

use std::cmp::{max, min};

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, ExprTrait, QueryFilter, sea_query::OnConflict,
};

use crate::store::entity::session;
use crate::store::{Change, Store, StoreError};
use crate::time::Timestamp;

/// One that nobody uses ends after this long.
const IDLE_MILLIS: i64 = 7 * DAY_MILLIS;
/// Any ends after this long.
pub const LONGEST_MILLIS: i64 = 30 * DAY_MILLIS;
/// How much of its time has to be gone before use gives it back: not every request is to write.
const GIVEN_BACK_MILLIS: i64 = 60 * 60 * 1_000;

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;

/// Stores a session under its id, replacing what was there; from now on it is used.
pub async fn save(
    store: &Store,
    id: String,
    data: String,
    now: Timestamp,
) -> Result<(), StoreError> {
    let expires_at = now.plus_millis(IDLE_MILLIS).millis();
    let model = session::Model { id, data, expires_at, created_at: now.millis() };
    store
        .writer
        .change(Change::new(move |transaction| {
            let model = session::ActiveModel::from(model.clone()).reset_all();
            let replace = OnConflict::column(session::Column::Id)
                .update_columns([session::Column::Data, session::Column::ExpiresAt])
                .to_owned();
            Box::pin(async move {
                session::Entity::insert(model)
                    .on_conflict(replace)
                    .exec_without_returning(transaction)
                    .await?;
                Ok(())
            })
        }))
        .await
}

/// The session's data and when it ends, unless it has. It is used by that.
pub async fn load(
    store: &Store,
    id: &str,
    now: Timestamp,
) -> Result<Option<(String, Timestamp)>, StoreError> {
    let found = session::Entity::find_by_id(id).one(&store.read).await?;
    let Some(session) = found.filter(|session| session.ends() > now.millis()) else {
        return Ok(None);
    };
    let longest = session.created_at + LONGEST_MILLIS;
    let until = min(now.plus_millis(IDLE_MILLIS).millis(), longest);
    if until - session.expires_at >= GIVEN_BACK_MILLIS
        && let Err(error) = expire(store, session.id.clone(), until).await
    {
        tracing::debug!(%error, "a session keeps its earlier end");
    }
    let ends = max(until, session.ends());
    Ok(Some((session.data, Timestamp::from_millis(ends))))
}

impl session::Model {
    fn ends(&self) -> i64 {
        min(self.expires_at, self.created_at + LONGEST_MILLIS)
    }
}

async fn expire(store: &Store, id: String, at: i64) -> Result<(), StoreError> {
    store
        .writer
        .change(Change::new(move |transaction| {
            let later = session::Entity::update_many()
                .col_expr(session::Column::ExpiresAt, at.into())
                .filter(session::Column::Id.eq(&id));
            Box::pin(async move {
                later.exec(transaction).await?;
                Ok(())
            })
        }))
        .await
}

/// Ends a session; also sweeps those that have expired.
pub async fn delete(store: &Store, id: String, now: Timestamp) -> Result<(), StoreError> {
    store
        .writer
        .change(Change::new(move |transaction| {
            let gone = session::Column::Id.eq(&id).or(session::Column::ExpiresAt.lte(now.millis()));
            Box::pin(async move {
                session::Entity::delete_many().filter(gone).exec(transaction).await?;
                Ok(())
            })
        }))
        .await
}
