//! Named secrets, which http steps read as `${secret.NAME}`. Encrypted at rest; nobody is shown one again.

use std::collections::HashSet;

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, QueryOrder};

use crate::audit::Note;
use crate::expression::Expression;
use crate::store::entity::secret;
use crate::store::{Change, Store, StoreError};
use crate::time::Timestamp;
use crate::vault::{Vault, VaultError};
use crate::workflow::check::Checked;
use crate::workflow::{Definition, Step, StepKind, TriggerIndex};
use crate::{Engine, Environment};

const LONGEST_NAME: usize = 64;
/// A shorter one could not be told from other text, and so not be masked.
const SHORTEST: usize = 6;
const LONGEST: usize = 8 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error(
        "`{0}` cannot name a secret: use 1 to {LONGEST_NAME} letters, digits and _, as in WAREHOUSE_TOKEN"
    )]
    Name(String),
    #[error("a secret has {SHORTEST} to {LONGEST} bytes")]
    Value,
    #[error("there is no secret `{0}`: set it with `sluice secrets set {0}`")]
    Unknown(String),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("the secret could not be stored or read: {0}")]
    Store(#[from] StoreError),
}

impl SecretError {
    /// Whether trying again may help.
    pub(crate) fn is_temporary(&self) -> bool {
        matches!(self, Self::Store(_))
    }
}

/// A secret without its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    pub name: String,
    pub created_at: Timestamp,
    /// When its value was last set.
    pub updated_at: Timestamp,
}

/// Sets the value; says whether the secret is new.
pub async fn set(
    store: &Store,
    vault: &Vault,
    environment: &Environment,
    name: &str,
    value: &str,
) -> Result<bool, SecretError> {
    if !is_name(name) {
        return Err(SecretError::Name(name.chars().take(LONGEST_NAME).collect()));
    }
    if !(SHORTEST..=LONGEST).contains(&value.len()) {
        return Err(SecretError::Value);
    }
    let known = secret::Entity::find_by_id(name).one(&store.read).await;
    let is_new = known.map_err(StoreError::from)?.is_none();
    let now = environment.clock.now().millis();
    let model = secret::Model {
        name: name.to_owned(),
        sealed: vault.seal(&place(name), value.as_bytes(), &*environment.random),
        created_at: now,
        updated_at: now,
    };
    let upsert = Change::new(move |transaction| {
        let row = model.clone().into_active_model().reset_all();
        Box::pin(async move {
            let mut replace = OnConflict::column(secret::Column::Name);
            replace.update_columns([secret::Column::Sealed, secret::Column::UpdatedAt]);
            let insert = secret::Entity::insert(row).on_conflict(replace);
            insert.exec_without_returning(transaction).await?;
            Ok(())
        })
    });
    store.writer.change(upsert.noted(Note::new("secret.set", name))).await?;
    Ok(is_new)
}

/// All secrets by name.
pub async fn list(store: &Store) -> Result<Vec<Secret>, SecretError> {
    let models = secret::Entity::find().order_by_asc(secret::Column::Name).all(&store.read).await;
    Ok(models.map_err(StoreError::from)?.into_iter().map(Secret::from).collect())
}

/// Forgets a secret. Steps that read it fail until it is set again.
pub async fn delete(store: &Store, name: &str) -> Result<(), SecretError> {
    let unknown = || SecretError::Unknown(name.chars().take(LONGEST_NAME).collect());
    let known = secret::Entity::find_by_id(name).one(&store.read).await;
    let name = known.map_err(StoreError::from)?.ok_or_else(unknown)?.name;
    let note = Note::new("secret.deleted", &name);
    let delete = Change::new(move |transaction| {
        let name = name.clone();
        Box::pin(async move {
            secret::Entity::delete_by_id(name).exec(transaction).await?;
            Ok(())
        })
    });
    Ok(store.writer.change(delete.noted(note)).await?)
}

/// Makes a change of this process count at once.
pub async fn forget(engine: &Engine, name: &str) {
    engine.credentials.forget_named(name).await;
}

/// The names of the workflows in force that read it.
pub fn used_by(workflows: &TriggerIndex, name: &str) -> Vec<String> {
    let reads = |kind: &StepKind| match kind {
        StepKind::Http(http) => http.secrets.iter().any(|secret| secret == name),
        _ => false,
    };
    let all = workflows.workflows().iter().map(|workflow| &workflow.definition);
    let using = all.filter(|definition| definition.steps.iter().any(|step| reads(&step.kind)));
    using.map(|definition| definition.name.clone()).collect()
}

/// A secret that a definition reads and nobody has set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: there is no secret `{name}`: set it with `sluice secrets set {name}` first")]
pub struct MissingSecret {
    /// The step's number, from 0.
    pub step: usize,
    /// As in `steps.notify.http.body`.
    pub at: String,
    pub name: String,
}

/// Adds the secrets that are missing to what is wrong with a text.
pub async fn look_for(
    store: &Store,
    text: &str,
    mut checked: Checked,
) -> Result<Checked, StoreError> {
    if let Some(definition) = &checked.definition {
        let missing = missing(store, definition).await?;
        checked.lacks(text, missing);
    }
    Ok(checked)
}

/// Each secret that is missing, where it is read first.
pub async fn missing(
    store: &Store,
    definition: &Definition,
) -> Result<Vec<MissingSecret>, StoreError> {
    let reads = |step: &Step| matches!(&step.kind, StepKind::Http(it) if !it.secrets.is_empty());
    if !definition.steps.iter().any(reads) {
        return Ok(Vec::new());
    }
    let known: HashSet<String> =
        secret::Entity::find().all(&store.read).await?.into_iter().map(|it| it.name).collect();
    let mut missing: Vec<MissingSecret> = Vec::new();
    for (number, step) in definition.steps.iter().enumerate() {
        let StepKind::Http(http) = &step.kind else { continue };
        let headers = http.headers.iter().map(|(name, it)| (format!("headers.{name}"), it));
        let parts = std::iter::once(("url".to_owned(), &http.url))
            .chain(headers)
            .chain(http.body.iter().map(|body| ("body".to_owned(), body)));
        for (part, template) in parts {
            for name in template.expressions().into_iter().flat_map(Expression::secrets) {
                if !known.contains(name) && !missing.iter().any(|it| it.name == *name) {
                    let at = format!("steps.{}.http.{part}", step.id);
                    missing.push(MissingSecret { step: number, at, name: name.clone() });
                }
            }
        }
    }
    Ok(missing)
}

pub(crate) async fn value(store: &Store, vault: &Vault, name: &str) -> Result<String, SecretError> {
    let found = secret::Entity::find_by_id(name).one(&store.read).await;
    let unknown = || SecretError::Unknown(name.to_owned());
    let model = found.map_err(StoreError::from)?.ok_or_else(unknown)?;
    let value = vault.unseal(&place(&model.name), &model.sealed)?;
    Ok(String::from_utf8(value).map_err(|_| VaultError::Sealed)?)
}

/// Whether an expression can read it by this name.
fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.len() <= LONGEST_NAME
        && name.chars().all(fits)
        && name.starts_with(|first: char| !first.is_ascii_digit())
}

fn place(name: &str) -> String {
    format!("secret/{name}")
}

impl From<secret::Model> for Secret {
    fn from(model: secret::Model) -> Self {
        Self {
            name: model.name,
            created_at: Timestamp::from_millis(model.created_at),
            updated_at: Timestamp::from_millis(model.updated_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names_are_those_that_an_expression_can_read() {
        for name in ["A", "_x", "WAREHOUSE_TOKEN2"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "2A", "a-b", "a.b", "ü", &"a".repeat(65)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
