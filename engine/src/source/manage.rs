//! Making, listing, rotating and removing sources.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::HeaderName;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, Set,
};

use super::{InvalidKind, Kind, Source, is_name, signature};
use crate::Environment;
use crate::audit::Note;
use crate::id::{Random, SourceId, random_secret};
use crate::store::entity::source;
use crate::store::{Change, Store, StoreError};
use crate::time::Timestamp;
use crate::vault::{Vault, VaultError};

/// How many secrets count while one is being rotated.
const LIVE_SECRETS: usize = 2;

#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error(
        "`{0}` cannot name a source: use 1 to 64 lower-case letters, digits, - and _, and not `ingest`"
    )]
    Name(String),
    #[error("a secret cannot be empty")]
    EmptySecret,
    #[error(
        "a secret of Standard Webhooks is `whsec_` and base64 of 24 to 64 bytes: copy all of it from the sender"
    )]
    StandardSecret,
    #[error("`{0}` cannot name a header: use letters, digits and -, such as `x-signature`")]
    Header(String),
    #[error("there is a source `{0}` already: give it a new secret with `sluice sources rotate`")]
    Exists(String),
    #[error("there is no source `{0}`: list them with `sluice sources list`")]
    Unknown(String),
    #[error(transparent)]
    Kind(#[from] InvalidKind),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("the source could not be stored or read: {0}")]
    Store(#[from] StoreError),
}

/// What a new source is.
#[derive(Clone)]
pub struct NewSource {
    pub name: String,
    pub kind: Kind,
    pub secret: String,
    /// Where a generic source puts its signature; `x-signature` when it is not said.
    pub signature_header: Option<String>,
}

pub async fn create(
    store: &Store,
    vault: &Vault,
    environment: &Environment,
    new: NewSource,
) -> Result<Source, SourceError> {
    if !is_name(&new.name) {
        return Err(SourceError::Name(new.name.chars().take(64).collect()));
    }
    check_secret(new.kind, &new.secret)?;
    let header = new.signature_header.map(|header| header.to_ascii_lowercase());
    if let Some(header) = header.as_ref().filter(|header| HeaderName::try_from(*header).is_err()) {
        return Err(SourceError::Header(header.chars().take(64).collect()));
    }
    if find(store, vault, &new.name).await?.is_some() {
        return Err(SourceError::Exists(new.name));
    }
    let now = environment.clock.now();
    let source = Source {
        id: SourceId::new(environment.next_id()),
        name: new.name,
        kind: new.kind,
        signature_header: header,
        secrets: vec![new.secret],
        created_at: now,
        updated_at: now,
    };
    let model = source::Model {
        id: source.id.to_string(),
        name: source.name.clone(),
        kind: source.kind.as_str().into(),
        signature_header: source.signature_header.clone(),
        secrets: sealed(&source, vault, environment),
        created_at: now.millis(),
        updated_at: now.millis(),
    };
    let insert = Change::new(move |transaction| {
        let model = model.clone().into_active_model().reset_all();
        Box::pin(async move {
            model.insert(transaction).await?;
            Ok(())
        })
    });
    let note = Note::new("source.created", &source.name).saying(source.kind.as_str());
    store.writer.change(insert.noted(note)).await?;
    Ok(source)
}

/// All sources by name.
pub async fn list(store: &Store, vault: &Vault) -> Result<Vec<Source>, SourceError> {
    let models = source::Entity::find().order_by_asc(source::Column::Name).all(&store.read).await;
    models.map_err(StoreError::from)?.into_iter().map(|model| opened(model, vault)).collect()
}

/// The source called `name`.
pub async fn get(store: &Store, vault: &Vault, name: &str) -> Result<Source, SourceError> {
    let found = find(store, vault, name).await?;
    found.ok_or_else(|| SourceError::Unknown(name.to_owned()))
}

/// Puts a new secret in force beside the last one, which counts until the next rotation.
pub async fn rotate(
    store: &Store,
    vault: &Vault,
    environment: &Environment,
    name: &str,
    secret: String,
) -> Result<Source, SourceError> {
    let mut source = get(store, vault, name).await?;
    check_secret(source.kind, &secret)?;
    source.secrets.insert(0, secret);
    source.secrets.truncate(LIVE_SECRETS);
    keep_secrets(store, vault, environment, source, "source.secret_rotated").await
}

fn check_secret(kind: Kind, secret: &str) -> Result<(), SourceError> {
    match signature::is_usable(kind, secret) {
        true => Ok(()),
        false if secret.is_empty() => Err(SourceError::EmptySecret),
        false => Err(SourceError::StandardSecret),
    }
}

/// Ends the secrets before the newest: from now on only that one counts.
pub async fn end_old_secrets(
    store: &Store,
    vault: &Vault,
    environment: &Environment,
    name: &str,
) -> Result<Source, SourceError> {
    let mut source = get(store, vault, name).await?;
    source.secrets.truncate(1);
    keep_secrets(store, vault, environment, source, "source.old_secrets_ended").await
}

async fn keep_secrets(
    store: &Store,
    vault: &Vault,
    environment: &Environment,
    mut source: Source,
    action: &'static str,
) -> Result<Source, SourceError> {
    source.updated_at = environment.clock.now();
    let model = source::ActiveModel {
        id: Set(source.id.to_string()),
        secrets: Set(sealed(&source, vault, environment)),
        updated_at: Set(source.updated_at.millis()),
        ..Default::default()
    };
    let update = Change::new(move |transaction| {
        let model = model.clone();
        Box::pin(async move {
            model.update(transaction).await?;
            Ok(())
        })
    });
    store.writer.change(update.noted(Note::new(action, &source.name))).await?;
    Ok(source)
}

/// A secret that nobody can guess, as sources of this kind write it: 256 random bits.
pub fn generate_secret(kind: Kind, random: &dyn Random) -> String {
    match kind {
        // github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
        Kind::StandardWebhooks => {
            let mut key = [0; 32];
            random.fill(&mut key);
            format!("whsec_{}", BASE64_STANDARD.encode(key))
        }
        _ => random_secret(random),
    }
}

/// Removes a source; its events stay.
pub async fn delete(store: &Store, name: &str) -> Result<(), SourceError> {
    let id =
        find_model(store, name).await?.ok_or_else(|| SourceError::Unknown(name.to_owned()))?.id;
    let delete = Change::new(move |transaction| {
        let id = id.clone();
        Box::pin(async move {
            source::Entity::delete_by_id(id).exec(transaction).await?;
            Ok(())
        })
    });
    Ok(store.writer.change(delete.noted(Note::new("source.deleted", name))).await?)
}

pub(super) async fn find(
    store: &Store,
    vault: &Vault,
    name: &str,
) -> Result<Option<Source>, SourceError> {
    find_model(store, name).await?.map(|model| opened(model, vault)).transpose()
}

async fn find_model(store: &Store, name: &str) -> Result<Option<source::Model>, StoreError> {
    let by_name = source::Entity::find().filter(source::Column::Name.eq(name));
    Ok(by_name.one(&store.admit).await?)
}

/// Secrets are sealed for the source they belong to.
fn sealed(source: &Source, vault: &Vault, environment: &Environment) -> String {
    let secrets = serde_json::json!(source.secrets).to_string();
    vault.seal(&source.id.to_string(), secrets.as_bytes(), &*environment.random)
}

fn opened(model: source::Model, vault: &Vault) -> Result<Source, SourceError> {
    let secrets = vault.unseal(&model.id, &model.secrets)?;
    Ok(Source {
        id: model.id.parse().unwrap_or(SourceId::new(0)),
        name: model.name,
        kind: model.kind.parse()?,
        signature_header: model.signature_header,
        secrets: serde_json::from_slice(&secrets).map_err(|_| VaultError::Sealed)?,
        created_at: Timestamp::from_millis(model.created_at),
        updated_at: Timestamp::from_millis(model.updated_at),
    })
}
