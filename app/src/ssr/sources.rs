//! Sources for the dashboard: made, listed, rotated, removed.

use std::collections::HashMap;

use engine::Engine;
use engine::event::{EventFilter, read};
use engine::source::manage::{self, NewSource, SourceError};
use engine::source::{self, Kind, Source, quarantine};

use super::{convert, events, fail, invalid, not_found, once};
use crate::ApiError;
use crate::model::{SourceActivity, SourceDetail, User};

/// How many of its newest events a source shows.
const LATEST: u64 = 8;

pub async fn list(engine: &Engine) -> Result<Vec<SourceActivity>, ApiError> {
    let sources = manage::list(&engine.store, &engine.vault).await.map_err(told)?;
    let held = held(engine).await?;
    let mut all = Vec::with_capacity(sources.len());
    for source in &sources {
        all.push(activity(engine, source, &held).await?);
    }
    Ok(all)
}

pub async fn get(engine: &Engine, name: &str) -> Result<SourceDetail, ApiError> {
    let source = manage::get(&engine.store, &engine.vault, name).await.map_err(told)?;
    let activity = activity(engine, &source, &held(engine).await?).await?;
    let latest = events::newest(engine, &its_own(&source), None, LATEST).await?.items;
    Ok(SourceDetail { activity, latest })
}

/// The events of a source.
fn its_own(source: &Source) -> EventFilter {
    EventFilter { source: Some(source.name.clone()), ..EventFilter::default() }
}

async fn held(engine: &Engine) -> Result<HashMap<String, i64>, ApiError> {
    Ok(quarantine::counts(engine).await.map_err(fail)?.into_iter().collect())
}

async fn activity(
    engine: &Engine,
    source: &Source,
    held: &HashMap<String, i64>,
) -> Result<SourceActivity, ApiError> {
    let newest = read::list(engine, &its_own(source), None, 1).await.map_err(fail)?;
    Ok(SourceActivity {
        source: convert::source(source),
        last_event_at: newest.rows.first().map(|row| convert::time(row.received_at)),
        quarantined: held.get(&source.name).map_or(0, |count| count.unsigned_abs()),
    })
}

/// What the form says, as it says it.
pub struct SourceForm {
    pub name: String,
    pub kind: String,
    /// Blank where one is to be made.
    pub secret: String,
    pub signature_header: String,
}

/// Makes a source; the ticket for its secret when that was made here.
pub async fn create(
    engine: &Engine,
    user: &User,
    form: SourceForm,
) -> Result<Option<String>, ApiError> {
    let kind: Kind = form.kind.parse().map_err(invalid)?;
    let (secret, made) = secret(engine, kind, &form.secret)?;
    let header = form.signature_header.trim();
    let new = NewSource {
        name: form.name.trim().to_owned(),
        kind,
        secret: secret.clone(),
        signature_header: (!header.is_empty()).then(|| header.to_owned()),
    };
    manage::create(&engine.store, &engine.vault, &engine.environment, new).await.map_err(told)?;
    Ok(made.then(|| once::keep(engine, user, secret)))
}

/// Puts another secret in force beside the last; the ticket for it when it was made here.
pub async fn rotate(
    engine: &Engine,
    user: &User,
    name: &str,
    given: &str,
) -> Result<Option<String>, ApiError> {
    let source = manage::get(&engine.store, &engine.vault, name).await.map_err(told)?;
    let (secret, made) = secret(engine, source.kind, given)?;
    source::rotate(engine, name, secret.clone()).await.map_err(told)?;
    Ok(made.then(|| once::keep(engine, user, secret)))
}

pub async fn end_old_secrets(engine: &Engine, name: &str) -> Result<(), ApiError> {
    source::end_old_secrets(engine, name).await.map(drop).map_err(told)
}

pub async fn delete(engine: &Engine, name: &str) -> Result<(), ApiError> {
    source::delete(engine, name).await.map_err(told)
}

/// The secret that counts, and whether it was made here. Some providers make it, and it must be theirs.
fn secret(engine: &Engine, kind: Kind, given: &str) -> Result<(String, bool), ApiError> {
    match (given.trim(), kind) {
        ("", Kind::Stripe | Kind::Shopify | Kind::Slack) => {
            Err(invalid("Paste the secret as the provider shows it."))
        }
        ("", kind) => Ok((manage::generate_secret(kind, &*engine.environment.random), true)),
        (given, _) => Ok((given.to_owned(), false)),
    }
}

fn told(error: SourceError) -> ApiError {
    match error {
        SourceError::Unknown(_) => not_found(),
        SourceError::Exists(name) => {
            invalid(format!("There is a source `{name}` already: choose another name."))
        }
        error @ (SourceError::Name(_)
        | SourceError::EmptySecret
        | SourceError::StandardSecret
        | SourceError::Header(_)
        | SourceError::Kind(_)) => invalid(error),
        error @ (SourceError::Vault(_) | SourceError::Store(_)) => fail(error),
    }
}
