//! What happens to people after they came in: another role, another password, or they leave.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter,
    Set,
};

use super::{Role, User, UserError, find, find_by_email, hash_new, normal, verify};
use crate::Environment;
use crate::audit::Note;
use crate::store::entity::user;
use crate::store::{Change, Store, StoreError};

/// Someone, by id or email address.
pub async fn named(store: &Store, name: &str) -> Result<User, UserError> {
    let found = match name.parse() {
        Ok(id) => find(store, id).await?,
        Err(_) => find_by_email(store, &normal(name)).await?,
    };
    found.ok_or_else(|| UserError::Unknown(name.chars().take(64).collect()))
}

/// Gives someone another role. The last owner stays one.
pub async fn set_role(store: &Store, name: &str, role: Role) -> Result<User, UserError> {
    let found = named(store, name).await?;
    if found.role == role {
        return Ok(found);
    }
    let model = user::ActiveModel {
        id: Set(found.id.to_string()),
        role: Set(role.as_str().into()),
        ..Default::default()
    };
    let id = found.id;
    let change = Change::new(move |transaction| {
        let model = model.clone();
        Box::pin(async move {
            model.update(transaction).await?;
            an_owner_is_left(transaction).await
        })
    });
    let note = Note::new("user.role_changed", &found.email)
        .saying(format!("from {} to {role}", found.role));
    kept_an_owner(store.writer.change(change.noted(note)).await)?;
    find(store, id).await?.ok_or_else(|| UserError::Unknown(name.to_owned()))
}

/// Ends someone's access; their sessions end with their next request. The last owner stays.
pub async fn remove(store: &Store, name: &str) -> Result<User, UserError> {
    let found = named(store, name).await?;
    let id = found.id.to_string();
    let change = Change::new(move |transaction| {
        let id = id.clone();
        Box::pin(async move {
            user::Entity::delete_by_id(id).exec(transaction).await?;
            an_owner_is_left(transaction).await
        })
    });
    let note = Note::new("user.removed", &found.email).saying(found.role.as_str());
    kept_an_owner(store.writer.change(change.noted(note)).await)?;
    Ok(found)
}

/// Undone as a whole where it would leave nobody who may manage people.
async fn an_owner_is_left(transaction: &DatabaseTransaction) -> Result<(), StoreError> {
    let owners = user::Entity::find().filter(user::Column::Role.eq(Role::Owner.as_str()));
    match owners.count(transaction).await? {
        0 => Err(StoreError::Conflict),
        _ => Ok(()),
    }
}

fn kept_an_owner(changed: Result<(), StoreError>) -> Result<(), UserError> {
    changed.map_err(|error| match error {
        StoreError::Conflict => UserError::LastOwner,
        other => other.into(),
    })
}

/// Puts a new password in force; sessions made with the old one end.
pub async fn set_password(
    store: &Store,
    environment: &Environment,
    name: &str,
    password: &str,
) -> Result<User, UserError> {
    let found = named(store, name).await?;
    let model = user::ActiveModel {
        id: Set(found.id.to_string()),
        password_hash: Set(hash_new(environment, password).await?),
        ..Default::default()
    };
    let change = Change::new(move |transaction| {
        let model = model.clone();
        Box::pin(async move {
            model.update(transaction).await?;
            Ok(())
        })
    });
    let note = Note::new("user.password_changed", &found.email);
    store.writer.change(change.noted(note)).await?;
    find(store, found.id).await?.ok_or_else(|| UserError::Unknown(name.to_owned()))
}

/// Someone who is signed in gives their password again, before they do what a browser left open is not
/// enough for.
pub async fn prove(user: &User, password: &str) -> Result<(), UserError> {
    match verify(user.password_hash.clone(), password.to_owned()).await {
        true => Ok(()),
        false => Err(UserError::WrongPassword),
    }
}
