//! People who sign in: argon2id passwords, and the one-time link that makes the first owner.

use std::fmt;
use std::sync::LazyLock;

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::Environment;
use crate::audit::{self, Actor, Note};
use crate::id::{UserId, random_secret};
use crate::key::SecretHash;
use crate::store::entity::{setup_link, user};
use crate::store::{Change, Store, StoreError};
use crate::time::Timestamp;

pub mod invitation;
pub mod manage;
pub mod session;

/// How long a set-up link works.
const SETUP_LINK_LIFE_MILLIS: i64 = 30 * 60 * 1000;
const SHORTEST_PASSWORD: usize = 12;
const LONGEST_PASSWORD: usize = 512;

/// Hashing takes 19 MiB and tens of milliseconds by design; more at once would be a way to stop us.
static HASHING: Semaphore = Semaphore::const_new(2);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Viewer,
    Operator,
    Owner,
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Owner => "owner",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Viewer, Self::Operator, Self::Owner].into_iter().find(|role| role.as_str() == text)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Clone)]
pub struct User {
    pub id: UserId,
    pub email: String,
    pub role: Role,
    pub created_at: Timestamp,
    password_hash: String,
}

impl User {
    /// Changes with the password: sessions made with the old one end.
    pub fn session_secret(&self) -> &[u8] {
        self.password_hash.as_bytes()
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, thiserror::Error)]
pub enum UserError {
    #[error("a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")]
    WeakPassword,
    #[error("`{0}` is not an email address")]
    Email(String),
    #[error("there is a user with this email address already")]
    Taken,
    #[error("there is no user `{0}`: list them with `sluice users list`")]
    Unknown(String),
    #[error("there must be an owner: make someone else one first")]
    LastOwner,
    #[error("the password is not right")]
    WrongPassword,
    #[error("this invitation has been used, was withdrawn or has expired: ask for a new one")]
    InvitationEnded,
    #[error("this set-up link has been used or has expired: restart sluice for a new one")]
    LinkExpired,
    #[error("the password could not be hashed: {0}")]
    Hash(String),
    #[error("the user could not be stored")]
    Store(#[from] StoreError),
}

impl From<user::Model> for User {
    fn from(model: user::Model) -> Self {
        Self {
            id: model.id.parse().unwrap_or(UserId::new(0)),
            email: model.email,
            role: Role::parse(&model.role).unwrap_or(Role::Viewer),
            created_at: Timestamp::from_millis(model.created_at),
            password_hash: model.password_hash,
        }
    }
}

/// Adds a user.
pub async fn create(
    store: &Store,
    environment: &Environment,
    email: &str,
    password: &str,
    role: Role,
) -> Result<User, UserError> {
    let model = new_user(environment, email, password, role).await?;
    if find_by_email(store, &model.email).await?.is_some() {
        return Err(UserError::Taken);
    }
    let insert = model.clone();
    let change = Change::new(move |transaction| {
        let insert = user::ActiveModel::from(insert.clone()).reset_all();
        Box::pin(async move {
            insert.insert(transaction).await?;
            Ok(())
        })
    });
    let note = Note::new("user.created", &model.email).saying(role.as_str());
    store.writer.change(change.noted(note)).await?;
    Ok(model.into())
}

async fn new_user(
    environment: &Environment,
    email: &str,
    password: &str,
    role: Role,
) -> Result<user::Model, UserError> {
    let email = normal(email);
    check_email(&email)?;
    Ok(user::Model {
        id: UserId::new(environment.next_id()).to_string(),
        email,
        role: role.as_str().into(),
        password_hash: hash_new(environment, password).await?,
        created_at: environment.clock.now().millis(),
    })
}

/// Addresses are compared as they are kept: in lower case.
fn normal(email: &str) -> String {
    email.trim().to_lowercase()
}

/// As mail servers see it, loosely: what it is good for shows when someone uses it.
fn check_email(email: &str) -> Result<(), UserError> {
    let plausible = email.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty()
            && !host.is_empty()
            && !email.chars().any(|c| c.is_whitespace() || c.is_control())
    });
    if plausible && email.len() <= 254 {
        return Ok(());
    }
    Err(UserError::Email(email.chars().take(64).collect()))
}

/// The hash of a password that somebody chose.
async fn hash_new(environment: &Environment, password: &str) -> Result<String, UserError> {
    if !(SHORTEST_PASSWORD..=LONGEST_PASSWORD).contains(&password.chars().count()) {
        return Err(UserError::WeakPassword);
    }
    hash(environment, password.to_owned()).await
}

/// The user with this email and password. A wrong password and an unknown email take the same time.
pub async fn authenticate(
    store: &Store,
    email: &str,
    password: &str,
) -> Result<Option<User>, StoreError> {
    let found = find_by_email(store, &normal(email)).await?;
    let stored = match &found {
        Some(user) => user.password_hash.clone(),
        None => NOBODY.clone(),
    };
    let password: String = password.chars().take(LONGEST_PASSWORD).collect();
    let right = verify(stored, password).await;
    Ok(found.filter(|_| right))
}

/// A hash that no password has.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    let salt = [7; 16];
    argon2()
        .hash_password_with_salt(b"nobody", &salt)
        .map(|hash| hash.to_string())
        .unwrap_or_default()
});

/// argon2id with the parameters OWASP recommends: 19 MiB, two passes, one lane.
fn argon2() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

async fn hash(environment: &Environment, password: String) -> Result<String, UserError> {
    let mut salt = [0; 16];
    environment.random.fill(&mut salt);
    let _permit = HASHING.acquire().await;
    tokio::task::spawn_blocking(move || {
        argon2().hash_password_with_salt(password.as_bytes(), &salt).map(|hash| hash.to_string())
    })
    .await
    .map_err(|error| UserError::Hash(error.to_string()))?
    .map_err(|error| UserError::Hash(error.to_string()))
}

async fn verify(stored: String, password: String) -> bool {
    let _permit = HASHING.acquire().await;
    let verify = move || {
        let Ok(hash) = PasswordHash::new(&stored) else { return false };
        argon2().verify_password(password.as_bytes(), &hash).is_ok()
    };
    tokio::task::spawn_blocking(verify).await.unwrap_or(false)
}

pub async fn find(store: &Store, id: UserId) -> Result<Option<User>, StoreError> {
    let found = user::Entity::find_by_id(id.to_string()).one(&store.read).await?;
    Ok(found.map(User::from))
}

async fn find_by_email(store: &Store, email: &str) -> Result<Option<User>, StoreError> {
    let found = user::Entity::find().filter(user::Column::Email.eq(email)).one(&store.read).await?;
    Ok(found.map(User::from))
}

pub async fn list(store: &Store) -> Result<Vec<User>, StoreError> {
    let models =
        user::Entity::find().order_by_asc(user::Column::CreatedAt).all(&store.read).await?;
    Ok(models.into_iter().map(User::from).collect())
}

pub async fn is_set_up(store: &Store) -> Result<bool, StoreError> {
    Ok(user::Entity::find().count(&store.read).await? > 0)
}

/// A token for `/setup?token=…`; earlier ones stop working.
pub async fn new_setup_link(
    store: &Store,
    environment: &Environment,
) -> Result<String, StoreError> {
    let token = random_secret(&*environment.random);
    let link = setup_link::Model {
        token_hash: SecretHash::of(&token).to_hex(),
        expires_at: environment.clock.now().plus_millis(SETUP_LINK_LIFE_MILLIS).millis(),
    };
    store
        .writer
        .change(Change::new(move |transaction| {
            let link = setup_link::ActiveModel::from(link.clone()).reset_all();
            Box::pin(async move {
                setup_link::Entity::delete_many().exec(transaction).await?;
                link.insert(transaction).await?;
                Ok(())
            })
        }))
        .await?;
    Ok(token)
}

/// Makes the first owner. The link ends in the same transaction, so two users of one link make one
/// owner.
pub async fn set_up(
    store: &Store,
    environment: &Environment,
    token: &str,
    email: &str,
    password: &str,
) -> Result<User, UserError> {
    let token_hash = SecretHash::of(token).to_hex();
    let now = environment.clock.now().millis();
    let link = setup_link::Entity::find_by_id(token_hash.clone()).one(&store.read).await;
    if link.map_err(StoreError::from)?.is_none_or(|link| link.expires_at <= now) {
        return Err(no_link(store).await);
    }
    let model = new_user(environment, email, password, Role::Owner).await?;
    let insert = model.clone();
    let change = Change::new(move |transaction| {
        let insert = user::ActiveModel::from(insert.clone()).reset_all();
        let token_hash = token_hash.clone();
        Box::pin(async move {
            let used = setup_link::Entity::delete_by_id(token_hash).exec(transaction).await?;
            if used.rows_affected == 0 {
                return Err(StoreError::Conflict);
            }
            insert.insert(transaction).await?;
            Ok(())
        })
    });
    audit::enter(Actor::person(&model.email));
    let note = Note::new("user.created", &model.email).saying("owner, by the set-up link");
    match store.writer.change(change.noted(note)).await {
        Ok(()) => Ok(model.into()),
        Err(StoreError::Conflict) => Err(no_link(store).await),
        Err(error) => Err(error.into()),
    }
}

/// Why a link does not work: somebody has used it, or it is too old.
async fn no_link(store: &Store) -> UserError {
    match is_set_up(store).await {
        Ok(true) => UserError::Taken,
        Ok(false) => UserError::LinkExpired,
        Err(error) => error.into(),
    }
}
