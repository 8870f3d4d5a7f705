//! Sessions as rows: opaque data under an id of 128 random bits, gone when they expire.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, ExprTrait, QueryFilter, sea_query::OnConflict,
};

use crate::store::entity::session;
use crate::store::{Change, Store, StoreError};
use crate::time::Timestamp;

/// Stores a session under its id, replacing what was there.
pub async fn save(
    store: &Store,
    id: String,
    data: String,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let model = session::Model { id, data, expires_at: expires_at.millis() };
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

/// The session's data and when it ends, unless it has.
pub async fn load(
    store: &Store,
    id: &str,
    now: Timestamp,
) -> Result<Option<(String, Timestamp)>, StoreError> {
    let found = session::Entity::find_by_id(id).one(&store.read).await?;
    Ok(found
        .filter(|session| session.expires_at > now.millis())
        .map(|session| (session.data, Timestamp::from_millis(session.expires_at))))
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
