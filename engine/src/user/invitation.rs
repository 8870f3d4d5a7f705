//! Asking someone in: a link that works once. For someone who is in already it is the way to a new
//! password, and their role stays.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, Set,
    sea_query::OnConflict,
};

use super::{Role, User, UserError, check_email, find_by_email, hash_new, normal};
use crate::Environment;
use crate::audit::{self, Actor, Note};
use crate::id::{UserId, random_secret};
use crate::key::SecretHash;
use crate::store::entity::{invitation, user};
use crate::store::{Change, Store, StoreError};
use crate::time::Timestamp;

/// How long an invitation works.
const LIFE_MILLIS: i64 = 7 * 24 * 60 * 60 * 1000;

/// Someone who was asked in and has not come yet.
#[derive(Debug, Clone)]
pub struct Invitation {
    pub email: String,
    pub role: Role,
    pub invited_by: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

impl Invitation {
    /// Where whoever holds `token` chooses a password, from the dashboard's root on.
    pub fn path(&self, token: &str) -> String {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("token", token), ("email", self.email.as_str())])
            .finish();
        format!("/join?{query}")
    }
}

impl From<invitation::Model> for Invitation {
    fn from(model: invitation::Model) -> Self {
        Self {
            email: model.email,
            role: Role::parse(&model.role).unwrap_or(Role::Viewer),
            invited_by: model.invited_by,
            created_at: Timestamp::from_millis(model.created_at),
            expires_at: Timestamp::from_millis(model.expires_at),
        }
    }
}

/// A token for `/join?token=…`, in the answer and nowhere else. One made before for the same address
/// stops working.
pub async fn invite(
    store: &Store,
    environment: &Environment,
    email: &str,
    role: Role,
    by: &str,
) -> Result<(Invitation, String), UserError> {
    let email = normal(email);
    check_email(&email)?;
    let known = find_by_email(store, &email).await?;
    let token = random_secret(&*environment.random);
    let now = environment.clock.now();
    let model = invitation::Model {
        email,
        token_hash: SecretHash::of(&token).to_hex(),
        role: known.map_or(role, |user| user.role).as_str().into(),
        invited_by: by.to_owned(),
        created_at: now.millis(),
        expires_at: now.plus_millis(LIFE_MILLIS).millis(),
    };
    let invitation = Invitation::from(model.clone());
    let change = Change::new(move |transaction| {
        let model = model.clone().into_active_model().reset_all();
        let replace = OnConflict::column(invitation::Column::Email)
            .update_columns([
                invitation::Column::TokenHash,
                invitation::Column::Role,
                invitation::Column::InvitedBy,
                invitation::Column::CreatedAt,
                invitation::Column::ExpiresAt,
            ])
            .to_owned();
        Box::pin(async move {
            invitation::Entity::insert(model)
                .on_conflict(replace)
                .exec_without_returning(transaction)
                .await?;
            Ok(())
        })
    });
    let note = Note::new("user.invited", &invitation.email).saying(invitation.role.as_str());
    store.writer.change(change.noted(note)).await?;
    Ok((invitation, token))
}

/// Those who may still come, the newest first.
pub async fn list(store: &Store, now: Timestamp) -> Result<Vec<Invitation>, StoreError> {
    let open = invitation::Entity::find()
        .filter(invitation::Column::ExpiresAt.gt(now.millis()))
        .order_by_desc(invitation::Column::CreatedAt);
    Ok(open.all(&store.read).await?.into_iter().map(Invitation::from).collect())
}

/// Ends an invitation that nobody has used.
pub async fn withdraw(store: &Store, email: &str) -> Result<(), StoreError> {
    let email = normal(email);
    let note = Note::new("user.invitation_withdrawn", &email);
    let change = Change::new(move |transaction| {
        let email = email.clone();
        Box::pin(async move {
            invitation::Entity::delete_by_id(email).exec(transaction).await?;
            Ok(())
        })
    });
    store.writer.change(change.noted(note)).await
}

/// Brings in whoever holds the token, with a password of their own. The invitation ends in the same
/// transaction.
pub async fn accept(
    store: &Store,
    environment: &Environment,
    token: &str,
    password: &str,
) -> Result<User, UserError> {
    let token_hash = SecretHash::of(token).to_hex();
    let now = environment.clock.now().millis();
    let by_token = invitation::Column::TokenHash.eq(token_hash.as_str());
    let found = invitation::Entity::find().filter(by_token.clone()).one(&store.read).await;
    let found = found.map_err(StoreError::from)?;
    let invitation =
        found.filter(|found| found.expires_at > now).ok_or(UserError::InvitationEnded)?;
    let password_hash = hash_new(environment, password).await?;
    let known = find_by_email(store, &invitation.email).await?;
    let id = known.as_ref().map_or(UserId::new(environment.next_id()), |user| user.id);
    let model = user::ActiveModel {
        id: Set(id.to_string()),
        email: Set(invitation.email.clone()),
        role: Set(known.as_ref().map_or(invitation.role.clone(), |user| user.role.to_string())),
        password_hash: Set(password_hash),
        created_at: Set(known.as_ref().map_or(now, |user| user.created_at.millis())),
    };
    let is_new = known.is_none();
    let change = Change::new(move |transaction| {
        let (model, by_token) = (model.clone(), by_token.clone());
        Box::pin(async move {
            let used = invitation::Entity::delete_many().filter(by_token).exec(transaction).await?;
            if used.rows_affected == 0 {
                return Err(StoreError::Conflict);
            }
            match is_new {
                true => model.insert(transaction).await?,
                false => model.update(transaction).await?,
            };
            Ok(())
        })
    });
    // The token is the proof: they come in by it.
    audit::enter(Actor::person(&invitation.email));
    let action = if is_new { "user.joined" } else { "user.password_changed" };
    let note = Note::new(action, &invitation.email).saying("by an invitation");
    match store.writer.change(change.noted(note)).await {
        Ok(()) => {}
        Err(StoreError::Conflict) => return Err(UserError::InvitationEnded),
        Err(error) => return Err(error.into()),
    }
    super::find(store, id).await?.ok_or(UserError::InvitationEnded)
}
