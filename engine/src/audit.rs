//! Who changed what. An entry is stored in the transaction of the change it tells of, so that there
//! is neither a change without its entry nor an entry without its change.
//!
//! Whoever opens a door (a route, the dashboard, the command line) says who comes in, by
//! [`within`] and [`enter`]; the change says what it is, by a [`Note`]. What Sluice does by itself
//! runs outside of any door and leaves no entry, unless it is what people decide otherwise: then Sluice
//! comes in by its own name.

use std::cell::RefCell;
use std::fmt;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::id::AuditId;
use crate::store::entity::audit_entry;
use crate::store::{Change, Store, StoreError};
use crate::time::Timestamp;

/// How much of what a note says is kept, in characters.
const LONGEST_DETAIL: usize = 500;

/// What kind of caller it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActorKind {
    /// Someone who is signed in.
    Person,
    /// A program with an API key.
    Key,
    /// Someone with access to the database, by the command line.
    CommandLine,
    /// Sluice itself.
    Sluice,
}

impl ActorKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Key => "key",
            Self::CommandLine => "command_line",
            Self::Sluice => "sluice",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::Person, Self::Key, Self::CommandLine, Self::Sluice];
        all.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Who comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    pub kind: ActorKind,
    /// An email address, a key's name and prefix, or the user of the system.
    pub name: String,
}

impl Actor {
    pub fn person(email: &str) -> Self {
        Self { kind: ActorKind::Person, name: email.to_owned() }
    }

    pub fn key(name: &str, prefix: &str) -> Self {
        Self { kind: ActorKind::Key, name: format!("{name} ({prefix}…)") }
    }

    pub fn command_line(user: &str) -> Self {
        Self { kind: ActorKind::CommandLine, name: user.to_owned() }
    }

    pub(crate) fn sluice() -> Self {
        Self { kind: ActorKind::Sluice, name: "Sluice".to_owned() }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

tokio::task_local! {
    static ACTOR: RefCell<Option<Actor>>;
}

/// A door: whoever is named by [`enter`] while `work` runs is the one who did what it does.
pub async fn within<F: Future>(work: F) -> F::Output {
    ACTOR.scope(RefCell::new(None), work).await
}

/// Names who came in by the door that is open around the caller; without one nothing is kept.
pub fn enter(actor: Actor) {
    // Outside of a door there is nobody to be told from others.
    let _outside = ACTOR.try_with(|current| *current.borrow_mut() = Some(actor));
}

pub(crate) fn current() -> Option<Actor> {
    ACTOR.try_with(|current| current.borrow().clone()).ok().flatten()
}

/// What was done to what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Such as `key.revoked`.
    pub action: &'static str,
    /// The id or the name of what was changed.
    pub object: String,
    /// In words, what is worth knowing besides; never a secret.
    pub detail: String,
}

impl Note {
    pub fn new(action: &'static str, object: impl Into<String>) -> Self {
        Self { action, object: object.into(), detail: String::new() }
    }

    #[must_use]
    pub fn saying(mut self, detail: impl AsRef<str>) -> Self {
        self.detail = detail.as_ref().chars().take(LONGEST_DETAIL).collect();
        self
    }

    /// The entry's row, when someone came in to do it.
    pub(crate) fn row(&self, actor: Option<Actor>) -> Option<Row> {
        Some(Row { actor: actor?, note: self.clone() })
    }
}

/// An entry on its way into a transaction, which gives it its time and its id.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    actor: Actor,
    note: Note,
}

impl Row {
    pub(crate) fn model(&self, id: AuditId, now: Timestamp) -> audit_entry::Model {
        audit_entry::Model {
            id: id.to_string(),
            at: now.millis(),
            actor_kind: self.actor.kind.as_str().into(),
            actor: self.actor.name.clone(),
            action: self.note.action.into(),
            object: self.note.object.clone(),
            detail: self.note.detail.clone(),
        }
    }
}

/// Keeps an entry for something that changes no table, such as signing in.
pub async fn record(store: &Store, note: Note) -> Result<(), StoreError> {
    store.writer.change(Change::new(|_| Box::pin(async { Ok(()) })).noted(note)).await
}

/// Like [`record`], where Sluice itself may be the one who did it.
pub(crate) async fn record_if_someone(store: &Store, note: Note) -> Result<(), StoreError> {
    match current() {
        Some(_) => record(store, note).await,
        None => Ok(()),
    }
}

/// A line of the log.
#[derive(Debug, Clone)]
pub struct Entry {
    pub id: AuditId,
    pub at: Timestamp,
    pub actor: Actor,
    pub action: String,
    pub object: String,
    pub detail: String,
}

/// Which lines; absent fields match all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub actor: Option<String>,
    pub object: Option<String>,
    /// An action such as `key.revoked`, or what actions begin with, such as `key`.
    pub action: Option<String>,
}

/// The newest first; `before` is the last id of the page before.
pub async fn list(
    store: &Store,
    filter: &Filter,
    before: Option<AuditId>,
    limit: u64,
) -> Result<Vec<Entry>, StoreError> {
    let mut query = audit_entry::Entity::find();
    if let Some(actor) = &filter.actor {
        query = query.filter(audit_entry::Column::Actor.eq(actor));
    }
    if let Some(object) = &filter.object {
        query = query.filter(audit_entry::Column::Object.eq(object));
    }
    if let Some(action) = &filter.action {
        let kind = format!("{}.", action.replace(['%', '_', '\\'], ""));
        let begins = audit_entry::Column::Action.starts_with(&kind);
        query = query.filter(
            sea_orm::Condition::any().add(audit_entry::Column::Action.eq(action)).add(begins),
        );
    }
    if let Some(before) = before {
        query = query.filter(audit_entry::Column::Id.lt(before.to_string()));
    }
    let newest = query.order_by_desc(audit_entry::Column::Id).limit(limit);
    Ok(newest.all(&store.read).await?.into_iter().map(Entry::from).collect())
}

impl From<audit_entry::Model> for Entry {
    fn from(model: audit_entry::Model) -> Self {
        Self {
            id: model.id.parse().unwrap_or(AuditId::new(0)),
            at: Timestamp::from_millis(model.at),
            actor: Actor {
                kind: ActorKind::parse(&model.actor_kind).unwrap_or(ActorKind::CommandLine),
                name: model.actor,
            },
            action: model.action,
            object: model.object,
            detail: model.detail,
        }
    }
}
