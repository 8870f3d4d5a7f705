//! Sources: providers whose webhooks come signed, each with its own address and secrets.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Engine;
use crate::event::Headers;
use crate::event::envelope::InvalidEnvelope;
use crate::id::SourceId;
use crate::intake;
use crate::store::{Accepted, StoreError};
use crate::time::Timestamp;

pub mod manage;
pub mod quarantine;
mod reading;
pub mod signature;

use manage::SourceError;
use reading::Said;
pub use signature::Rejection;

const LONGEST_NAME: usize = 64;
const REMEMBERED: Duration = Duration::from_secs(2);

/// Whose webhooks they are: that decides where signature, event type and id are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = SourceKind))]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Github,
    Stripe,
    Shopify,
    Slack,
    StandardWebhooks,
    Hmac,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a kind of source: use github, stripe, shopify, slack, standard-webhooks or hmac"
)]
pub struct InvalidKind(String);

impl Kind {
    pub const ALL: [Self; 6] = [
        Self::Github,
        Self::Stripe,
        Self::Shopify,
        Self::Slack,
        Self::StandardWebhooks,
        Self::Hmac,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Stripe => "stripe",
            Self::Shopify => "shopify",
            Self::Slack => "slack",
            Self::StandardWebhooks => "standard-webhooks",
            Self::Hmac => "hmac",
        }
    }
}

impl FromStr for Kind {
    type Err = InvalidKind;

    fn from_str(text: &str) -> Result<Self, InvalidKind> {
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        known.ok_or_else(|| InvalidKind(text.chars().take(32).collect()))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A provider that delivers to `/api/webhooks/<name>`.
#[derive(Clone)]
pub struct Source {
    pub id: SourceId,
    pub name: String,
    pub kind: Kind,
    /// Where a generic source puts its signature.
    pub signature_header: Option<String>,
    /// The newest first; the one before it still counts.
    secrets: Vec<String>,
    pub created_at: Timestamp,
    /// When its secrets last changed.
    pub updated_at: Timestamp,
}

impl Source {
    /// One that is stored nowhere, to check deliveries by.
    pub fn unstored<'s>(kind: Kind, secrets: impl IntoIterator<Item = &'s str>) -> Self {
        Self {
            id: SourceId::new(1),
            name: "s".into(),
            kind,
            signature_header: None,
            secrets: secrets.into_iter().map(str::to_owned).collect(),
            created_at: Timestamp::from_millis(0),
            updated_at: Timestamp::from_millis(0),
        }
    }

    /// Where its deliveries have their signature.
    fn signature_header(&self) -> &str {
        match self.kind {
            Kind::Github => "x-hub-signature-256",
            Kind::Stripe => "stripe-signature",
            Kind::Shopify => "x-shopify-hmac-sha256",
            Kind::Slack => "x-slack-signature",
            Kind::StandardWebhooks => "webhook-signature",
            Kind::Hmac => self.signature_header.as_deref().unwrap_or("x-signature"),
        }
    }

    /// How many secrets count now.
    pub fn secret_count(&self) -> usize {
        self.secrets.len()
    }
}

/// What a provider sent: headers with names in lower case, the body as it came.
#[derive(Clone, Copy)]
pub struct Delivery<'d> {
    pub headers: &'d [(String, String)],
    pub body: &'d [u8],
}

impl<'d> Delivery<'d> {
    fn header(&self, name: &str) -> Option<&'d str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }

    /// As they are stored with the event.
    fn kept(&self) -> Headers {
        Headers::masked(self.headers.iter().map(|(name, value)| (name.as_str(), value)))
    }
}

/// What became of a delivery.
pub enum Outcome {
    Accepted(Accepted, Option<String>),
    /// The provider asks whether the address is ours: it wants this text back.
    Challenge(String),
}

#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    #[error("there is no source `{0}`: make it with `sluice sources create`")]
    Unknown(String),
    #[error("the delivery was not believed: {0}")]
    Rejected(#[source] Rejection),
    #[error(transparent)]
    Invalid(#[from] InvalidEnvelope),
    #[error("the source could not be read")]
    Source(#[from] SourceError),
    #[error("the event could not be stored")]
    Store(#[from] StoreError),
}

/// Sources looked up lately.
pub(crate) struct Cache(moka::future::Cache<String, Arc<Source>>);

impl Default for Cache {
    fn default() -> Self {
        Self(moka::future::Cache::builder().max_capacity(1_000).time_to_live(REMEMBERED).build())
    }
}

/// Takes a delivery for the source called `name`; its headers are stored with it.
pub async fn deliver(
    engine: &Engine,
    name: &str,
    delivery: Delivery<'_>,
) -> Result<Outcome, DeliveryError> {
    let source = look_up(engine, name).await?;
    let source = source.ok_or_else(|| DeliveryError::Unknown(name.chars().take(64).collect()))?;
    let now = engine.now().millis().div_euclid(1_000);
    if let Err(rejection) = signature::verify(&source, &delivery, Some(now)) {
        quarantine::hold(engine, &source, delivery, &rejection).await;
        return Err(DeliveryError::Rejected(rejection));
    }
    take(engine, &source, delivery, None).await
}

/// Takes a delivery that is believed; `otherwise` names its event when the provider does not.
async fn take(
    engine: &Engine,
    source: &Source,
    delivery: Delivery<'_>,
    otherwise: Option<String>,
) -> Result<Outcome, DeliveryError> {
    match reading::read(source, &delivery)? {
        Said::Challenge(text) => Ok(Outcome::Challenge(text)),
        Said::Event(mut new) => {
            new.event_id = new.event_id.or(otherwise);
            let named = new.event_id.clone();
            let accepted = intake::deliver(engine, *new, delivery.kept()).await?;
            Ok(Outcome::Accepted(accepted, named))
        }
    }
}

async fn look_up(engine: &Engine, name: &str) -> Result<Option<Arc<Source>>, SourceError> {
    if let Some(known) = engine.sources.0.get(name).await {
        return Ok(Some(known));
    }
    let found = manage::find(&engine.store, &engine.vault, name).await?.map(Arc::new);
    // Names nobody has are not remembered: strangers could fill the cache with them.
    if let Some(source) = &found {
        engine.sources.0.insert(name.to_owned(), Arc::clone(source)).await;
    }
    Ok(found)
}

/// As [`manage::rotate`] does it, and here it counts at once.
pub async fn rotate(engine: &Engine, name: &str, secret: String) -> Result<Source, SourceError> {
    let (store, vault) = (&engine.store, &engine.vault);
    let rotated = manage::rotate(store, vault, &engine.environment, name, secret).await?;
    engine.sources.0.invalidate(name).await;
    Ok(rotated)
}

/// As [`manage::end_old_secrets`] does it, and here it counts at once.
pub async fn end_old_secrets(engine: &Engine, name: &str) -> Result<Source, SourceError> {
    let (store, vault) = (&engine.store, &engine.vault);
    let source = manage::end_old_secrets(store, vault, &engine.environment, name).await?;
    engine.sources.0.invalidate(name).await;
    Ok(source)
}

/// As [`manage::delete`] does it, and here it counts at once.
pub async fn delete(engine: &Engine, name: &str) -> Result<(), SourceError> {
    manage::delete(&engine.store, name).await?;
    engine.sources.0.invalidate(name).await;
    Ok(())
}

/// Whether a name can stand in an address and is not one of ours.
fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(fits) && name != "ingest"
}
