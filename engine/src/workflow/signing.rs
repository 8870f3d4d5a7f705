//! The secret that a workflow's calls are signed with: made when a version that signs is put in force,
//! kept through all versions, and rotated so that who is called has a day to take the new one.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel};
use serde::{Deserialize, Serialize};

use super::apply;
use super::{Definition, StepKind};
use crate::Engine;
use crate::audit::{self, Note};
use crate::id::WorkflowId;
use crate::source::Kind;
use crate::source::manage::generate_secret;
use crate::store::entity::signing_secret;
use crate::store::{Change, Store, StoreError};
use crate::time::Timestamp;
use crate::vault::{Vault, VaultError};

/// How long the secret before the newest signs too.
const OVERLAP_MILLIS: i64 = 24 * 3_600_000;

/// What a workflow signs with.
#[derive(Clone, Serialize, Deserialize)]
pub struct SigningSecret {
    /// Of the form `whsec_…`.
    pub secret: String,
    pub previous: Option<Previous>,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Previous {
    pub secret: String,
    /// It signs until then.
    pub until: Timestamp,
}

impl SigningSecret {
    /// Each of them signs; the newest comes first.
    pub(crate) fn in_force(&self, now: Timestamp) -> Vec<&str> {
        let previous = self.previous.as_ref().filter(|previous| now < previous.until);
        std::iter::once(&self.secret)
            .chain(previous.map(|previous| &previous.secret))
            .map(String::as_str)
            .collect()
    }

    fn rotated(self, secret: String, now: Timestamp) -> Self {
        let until = now.plus_millis(OVERLAP_MILLIS);
        Self { secret, previous: Some(Previous { secret: self.secret, until }) }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    #[error("there is no workflow {0}: list them with `sluice workflows list`")]
    Unknown(WorkflowId),
    #[error("{0} has no signing secret: put `sign: true` into one of its http steps and apply it")]
    SignsNothing(WorkflowId),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("the signing secret could not be stored or read: {0}")]
    Store(#[from] StoreError),
}

/// The secret for who manages workflows; that it was shown is in the audit log.
pub async fn show(engine: &Engine, id: WorkflowId) -> Result<SigningSecret, SigningError> {
    apply::in_force(engine, id).ok_or(SigningError::Unknown(id))?;
    let secret = find(&engine.store, &engine.vault, id).await?;
    audit::record(&engine.store, Note::new("workflow.signing_secret_shown", id.to_string()))
        .await?;
    Ok(secret)
}

/// Puts a new secret in force; the last one signs beside it for 24 hours.
pub async fn rotate(engine: &Engine, id: WorkflowId) -> Result<SigningSecret, SigningError> {
    let _turn = engine.applying.lock().await;
    apply::in_force(engine, id).ok_or(SigningError::Unknown(id))?;
    let random = &*engine.environment.random;
    let old = find(&engine.store, &engine.vault, id).await?;
    let secret = old.rotated(generate_secret(Kind::StandardWebhooks, random), engine.now());
    let model = sealed(engine, &id.to_string(), &secret);
    let update = Change::new(move |transaction| {
        let model = model.clone();
        Box::pin(async move {
            let row = model.into_active_model().reset_all();
            let mut replace = OnConflict::column(signing_secret::Column::WorkflowId);
            replace.update_columns([
                signing_secret::Column::Sealed,
                signing_secret::Column::UpdatedAt,
            ]);
            let insert = signing_secret::Entity::insert(row).on_conflict(replace);
            insert.exec_without_returning(transaction).await?;
            Ok(())
        })
    });
    let note = Note::new("workflow.signing_secret_rotated", id.to_string());
    engine.store.writer.change(update.noted(note)).await?;
    engine.credentials.forget_signing(id).await;
    Ok(secret)
}

pub(crate) async fn find(
    store: &Store,
    vault: &Vault,
    id: WorkflowId,
) -> Result<SigningSecret, SigningError> {
    let found = signing_secret::Entity::find_by_id(id.to_string()).one(&store.read).await;
    let model = found.map_err(StoreError::from)?.ok_or(SigningError::SignsNothing(id))?;
    let text = vault.unseal(&place(&model.workflow_id), &model.sealed)?;
    Ok(serde_json::from_slice(&text).map_err(|_| VaultError::Sealed)?)
}

/// A first secret for a workflow that signs, in case it has none yet.
pub(super) fn first(
    engine: &Engine,
    id: &str,
    definition: &Definition,
) -> Option<signing_secret::Model> {
    let signs = |kind: &StepKind| matches!(kind, StepKind::Http(http) if http.sign);
    definition.steps.iter().any(|step| signs(&step.kind)).then(|| {
        let secret = generate_secret(Kind::StandardWebhooks, &*engine.environment.random);
        sealed(engine, id, &SigningSecret { secret, previous: None })
    })
}

/// Stores the first secret where there is none.
pub(super) async fn keep(
    transaction: &impl ConnectionTrait,
    first: signing_secret::Model,
) -> Result<(), StoreError> {
    let there = signing_secret::Entity::find_by_id(&first.workflow_id).one(transaction).await?;
    if there.is_none() {
        let row = first.into_active_model().reset_all();
        signing_secret::Entity::insert(row).exec_without_returning(transaction).await?;
    }
    Ok(())
}

fn sealed(engine: &Engine, id: &str, secret: &SigningSecret) -> signing_secret::Model {
    let text = serde_json::json!(secret).to_string();
    let now = engine.now().millis();
    let random = &*engine.environment.random;
    signing_secret::Model {
        workflow_id: id.to_owned(),
        sealed: engine.vault.seal(&place(id), text.as_bytes(), random),
        created_at: now,
        updated_at: now,
    }
}

fn place(id: &str) -> String {
    format!("{id}/signing")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_secrets_sign_for_a_day() {
        let at = Timestamp::from_millis;
        let first = SigningSecret { secret: "a".into(), previous: None };
        let second = first.rotated("b".into(), at(0));
        assert_eq!(second.in_force(at(OVERLAP_MILLIS - 1)), ["b", "a"]);
        assert_eq!(second.in_force(at(OVERLAP_MILLIS)), ["b"]);
        let third = second.rotated("c".into(), at(5));
        assert_eq!(third.in_force(at(6)), ["c", "b"], "the oldest has ended");
    }
}
