//! Sessions as rows: opaque data under an id of 128 random bits, gone when they expire.

use std::cmp::min;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    sea_query::OnConflict,
};
use sha2::{Digest, Sha256};

use crate::audit::Note;
use crate::id::UserId;
use crate::store::entity::session;
use crate::store::{Change, Store, StoreError};
use crate::time::Timestamp;
use crate::user::User;

/// One that nobody uses ends after this long.
const IDLE_MILLIS: i64 = 7 * DAY_MILLIS;
/// Any ends after this long.
pub const LONGEST_MILLIS: i64 = 30 * DAY_MILLIS;
/// How much of its time has to be gone before use gives it back: not every request is to write.
const GIVEN_BACK_MILLIS: i64 = 60 * 60 * 1_000;

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;

/// A session to be kept.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// The secret that the cookie holds.
    pub id: String,
    pub data: String,
    /// Whose it is, once somebody has signed in.
    pub user: Option<UserId>,
    pub client: String,
    pub address: String,
}

/// Stores a session under its id, replacing what was there; from now on it is used.
pub async fn save(store: &Store, kept: Kept, now: Timestamp) -> Result<(), StoreError> {
    let model = session::Model {
        id: kept.id,
        data: kept.data,
        expires_at: now.plus_millis(IDLE_MILLIS).millis(),
        created_at: now.millis(),
        user_id: kept.user.map(|user| user.to_string()),
        client: kept.client,
        address: kept.address,
    };
    store
        .writer
        .change(Change::new(move |transaction| {
            let model = session::ActiveModel::from(model.clone()).reset_all();
            let replace = OnConflict::column(session::Column::Id)
                .update_columns([
                    session::Column::Data,
                    session::Column::ExpiresAt,
                    session::Column::UserId,
                    session::Column::Client,
                    session::Column::Address,
                ])
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
    let Some(mut session) = found.filter(|session| session.ends() > now.millis()) else {
        return Ok(None);
    };
    let until = now.plus_millis(IDLE_MILLIS).millis();
    if until - session.expires_at >= GIVEN_BACK_MILLIS {
        match expire(store, session.id.clone(), until).await {
            Ok(()) => session.expires_at = until,
            Err(error) => tracing::debug!(%error, "a session keeps its earlier end"),
        }
    }
    let ends = Timestamp::from_millis(session.ends());
    Ok(Some((session.data, ends)))
}

/// Whether the session goes on. To ask this is no use of it.
pub async fn is_open(store: &Store, id: &str, now: Timestamp) -> Result<bool, StoreError> {
    let found = session::Entity::find_by_id(id).one(&store.read).await?;
    Ok(found.is_some_and(|session| session.ends() > now.millis()))
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

/// A session as the one whose it is sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// Names it without letting anyone in, see [`handle`].
    pub handle: String,
    pub client: String,
    pub address: String,
    pub created_at: Timestamp,
    /// To the hour.
    pub used_at: Timestamp,
}

/// What a session is called in public. Its id is a secret.
pub fn handle(id: &str) -> String {
    crate::hex::hex(&Sha256::digest(id)[..8])
}

/// Someone's sessions that have not ended, the one used last first.
pub async fn of(store: &Store, user: UserId, now: Timestamp) -> Result<Vec<Begun>, StoreError> {
    let found = theirs(user).order_by_desc(session::Column::ExpiresAt).all(&store.read).await?;
    let begun = |session: session::Model| Begun {
        handle: handle(&session.id),
        created_at: Timestamp::from_millis(session.created_at),
        used_at: Timestamp::from_millis(session.expires_at - IDLE_MILLIS),
        client: session.client,
        address: session.address,
    };
    Ok(found.into_iter().filter(|session| session.ends() > now.millis()).map(begun).collect())
}

/// Ends those of someone's sessions that `chosen` says, by their handles; how many they were.
pub async fn end(
    store: &Store,
    user: &User,
    chosen: impl Fn(&str) -> bool,
) -> Result<usize, StoreError> {
    let all = theirs(user.id).all(&store.read).await?;
    let ids: Vec<_> =
        all.into_iter().map(|session| session.id).filter(|id| chosen(&handle(id))).collect();
    let count = ids.len();
    if count == 0 {
        return Ok(0);
    }
    let change = Change::new(move |transaction| {
        let gone = session::Entity::delete_many().filter(session::Column::Id.is_in(ids.clone()));
        Box::pin(async move {
            gone.exec(transaction).await?;
            Ok(())
        })
    });
    let sessions = if count == 1 { "session" } else { "sessions" };
    let note = Note::new("user.sessions_ended", &user.email).saying(format!("{count} {sessions}"));
    store.writer.change(change.noted(note)).await?;
    Ok(count)
}

fn theirs(user: UserId) -> sea_orm::Select<session::Entity> {
    session::Entity::find().filter(session::Column::UserId.eq(user.to_string()))
}
