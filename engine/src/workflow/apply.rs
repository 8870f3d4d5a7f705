//! Putting a definition in force, by its name or as the next version of a known workflow: the same one
//! twice changes nothing, and every one that changes something is a version that is kept for ever.

use std::sync::Arc;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, SqlErr,
};

use super::{Definition, InvalidDefinition, Workflow, diff, limit, list, signing};
use crate::Engine;
use crate::audit::Note;
use crate::id::WorkflowId;
use crate::run::turn;
use crate::secret::{self, MissingSecret};
use crate::store::entity::{signing_secret, workflow, workflow_version};
use crate::store::{Change, StoreError};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    Created,
    Updated,
    Unchanged,
}

/// What is to be put in force, and as what.
#[derive(Debug, Clone)]
pub struct Save {
    pub target: Target,
    /// The version that its author saw, 0 where there was none: refused when there is another by now.
    pub expected: Option<i64>,
    pub definition: Definition,
    /// Only say what would happen.
    pub dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The workflow that has the definition's name, or a new one.
    Named,
    /// This one, which takes the definition's name. One that was deleted comes back.
    Known(WorkflowId),
}

/// What saving did, or would do.
#[derive(Debug, Clone)]
pub struct Saved {
    pub applied: Applied,
    /// As it is in force now.
    pub workflow: Option<Arc<Workflow>>,
    /// From the version before to this one.
    pub diff: Vec<diff::Line>,
    /// The same in words.
    pub changes: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    #[error("there is no workflow {0}: list them with `sluice workflows list`")]
    Unknown(WorkflowId),
    #[error("there is no version {1} of {0}: see `sluice workflows history`")]
    UnknownVersion(WorkflowId, i64),
    #[error(
        "the workflow is at version {found} by now, not at {expected}: look at what has changed and \
         save again"
    )]
    Moved { expected: i64, found: i64 },
    #[error("another workflow is called `{0}` already: choose another name")]
    NameTaken(String),
    #[error("this version would be refused today: {0}")]
    Outdated(#[from] InvalidDefinition),
    #[error(transparent)]
    MissingSecret(#[from] MissingSecret),
    #[error("the workflow could not be stored: {0}")]
    Store(#[from] StoreError),
}

impl From<DbErr> for SaveError {
    fn from(error: DbErr) -> Self {
        Self::Store(error.into())
    }
}

/// Puts the definition in force under its name. With `dry_run` it only says what would happen.
pub async fn apply(
    engine: &Engine,
    definition: Definition,
    dry_run: bool,
) -> Result<Saved, SaveError> {
    save(engine, Save { target: Target::Named, expected: None, definition, dry_run }).await
}

/// Stores the definition as a new version where it differs from the one in force, and starts
/// matching events against it.
pub async fn save(engine: &Engine, save: Save) -> Result<Saved, SaveError> {
    // One at a time: the version number and the name depend on what is there.
    let _turn = engine.applying.lock().await;
    let Save { target, expected, definition, dry_run } = save;
    let before = found(engine, target, &definition.name).await?;
    let version = before.model.as_ref().map_or(0, |model| model.version);
    if let Some(expected) = expected.filter(|expected| *expected != version) {
        return Err(SaveError::Moved { expected, found: version });
    }
    let old = before.definition.as_ref().map(|old| &old.document);
    let applied = match (&before.model, old) {
        (None, _) => Applied::Created,
        (Some(_), Some(old)) if *old == definition.document => Applied::Unchanged,
        (Some(_), _) => Applied::Updated,
    };
    let saved = Saved {
        applied,
        workflow: None,
        diff: diff::documents(old, &definition.document),
        changes: diff::changes(old, &definition.document),
    };
    if applied != Applied::Unchanged
        && let Some(missing) = secret::missing(&engine.store, &definition).await?.into_iter().next()
    {
        return Err(missing.into());
    }
    if dry_run || applied == Applied::Unchanged {
        let id = before.model.and_then(|model| model.id.parse().ok());
        return Ok(Saved { workflow: id.and_then(|id| in_force(engine, id)), ..saved });
    }
    let (model, replaces) = next(engine, before, &definition);
    let id = model.id.parse().map_err(|_| StoreError::Defect)?;
    let what = format!("{}, version {}", model.name, model.version);
    let note = Note::new("workflow.applied", &model.id).saying(what);
    let first = signing::first(engine, &model.id, &definition);
    engine.store.writer.change(stored(model, replaces, &definition, first).noted(note)).await?;
    list::reload(engine).await?;
    // A limit that was raised or lifted counts for those that wait.
    turn::give_free(engine).await?;
    Ok(Saved { workflow: in_force(engine, id), ..saved })
}

/// The workflow in its version in force.
pub fn in_force(engine: &Engine, id: WorkflowId) -> Option<Arc<Workflow>> {
    engine.workflows.current().workflows().iter().find(|known| known.id == id).cloned()
}

/// What is there before anything is stored.
#[derive(Default)]
struct Before {
    /// Nothing when the workflow is new, or was deleted.
    model: Option<workflow::Model>,
    definition: Option<Definition>,
    /// The id and the last version of one that was deleted.
    deleted: Option<(WorkflowId, i64)>,
}

async fn found(engine: &Engine, target: Target, name: &str) -> Result<Before, SaveError> {
    let read = &engine.store.read;
    let of_name =
        workflow::Entity::find().filter(workflow::Column::Name.eq(name)).one(read).await?;
    let model = match target {
        Target::Named => of_name,
        Target::Known(id) => {
            if of_name.is_some_and(|other| other.id != id.to_string()) {
                return Err(SaveError::NameTaken(name.to_owned()));
            }
            workflow::Entity::find_by_id(id.to_string()).one(read).await?
        }
    };
    match (model, target) {
        (Some(model), _) => {
            let key = (model.id.clone(), model.version);
            let version = workflow_version::Entity::find_by_id(key).one(read).await?;
            let definition = version.and_then(|it| Definition::stored(&it.definition).ok());
            Ok(Before { model: Some(model), definition, deleted: None })
        }
        (None, Target::Named) => Ok(Before::default()),
        (None, Target::Known(id)) => {
            let last = workflow_version::Entity::find()
                .filter(workflow_version::Column::WorkflowId.eq(id.to_string()))
                .order_by_desc(workflow_version::Column::Version)
                .limit(1)
                .one(read)
                .await?
                .ok_or(SaveError::Unknown(id))?;
            Ok(Before { deleted: Some((id, last.version)), ..Before::default() })
        }
    }
}

/// The row as it will be, and the version that it replaces.
fn next(
    engine: &Engine,
    before: Before,
    definition: &Definition,
) -> (workflow::Model, Option<i64>) {
    let now = engine.now().millis();
    let name = definition.name.clone();
    if let Some(found) = before.model {
        let version = found.version;
        return (
            workflow::Model { name, version: version + 1, updated_at: now, ..found },
            Some(version),
        );
    }
    let fresh = || (WorkflowId::new(engine.environment.next_id()), 0);
    let (id, last) = before.deleted.unwrap_or_else(fresh);
    let model = workflow::Model {
        id: id.to_string(),
        name,
        enabled: true,
        version: last + 1,
        created_at: now,
        updated_at: now,
    };
    (model, None)
}

/// Stores the row with its version, unless another server was faster.
fn stored(
    model: workflow::Model,
    replaces: Option<i64>,
    definition: &Definition,
    first: Option<signing_secret::Model>,
) -> Change {
    let version = workflow_version::Model {
        workflow_id: model.id.clone(),
        version: model.version,
        definition: serde_json::json!(definition.document).to_string(),
        created_at: model.updated_at,
    };
    let most = definition.concurrency;
    Change::new(move |transaction| {
        let (model, version, first) = (model.clone(), version.clone(), first.clone());
        Box::pin(async move {
            limit::keep(transaction, &model.id, most).await?;
            write(transaction, model, version, replaces).await?;
            match first {
                Some(first) => signing::keep(transaction, first).await,
                None => Ok(()),
            }
        })
    })
}

async fn write(
    transaction: &impl ConnectionTrait,
    model: workflow::Model,
    version: workflow_version::Model,
    replaces: Option<i64>,
) -> Result<(), StoreError> {
    match replaces {
        None => {
            let row = workflow::ActiveModel::from(model).reset_all();
            row.insert(transaction).await.map_err(lost_race)?;
        }
        Some(replaced) => {
            let updated = workflow::Entity::update_many()
                .col_expr(workflow::Column::Name, Expr::value(model.name))
                .col_expr(workflow::Column::Version, Expr::value(model.version))
                .col_expr(workflow::Column::UpdatedAt, Expr::value(model.updated_at))
                .filter(workflow::Column::Id.eq(model.id))
                .filter(workflow::Column::Version.eq(replaced))
                .exec(transaction)
                .await
                .map_err(lost_race)?;
            if updated.rows_affected == 0 {
                return Err(StoreError::Conflict);
            }
        }
    }
    let version = workflow_version::ActiveModel::from(version).reset_all();
    version.insert(transaction).await.map_err(lost_race)?;
    Ok(())
}

fn lost_race(error: DbErr) -> StoreError {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => StoreError::Conflict,
        _ => error.into(),
    }
}
