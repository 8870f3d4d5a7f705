//! Deliveries that were not believed, kept whole: once the cause is mended (the secret, a clock) they
//! are checked again, and those that fit are taken as if they had just come.
//!
//! Invariant: strangers can fill neither disk nor writer nor log. A source keeps its newest [`KEPT`], and
//! takes in, and tells of, no more than [`PER_SECOND`].

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::{Delivery, DeliveryError, Outcome, Rejection, Source, manage, signature, take};
use crate::Engine;
use crate::audit::Note;
use crate::event::header;
use crate::id::QuarantineId;
use crate::store::entity::quarantine;
use crate::store::{Change, StoreError};
use crate::time::Timestamp;

/// How many deliveries of one source are kept.
pub const KEPT: u64 = 1_000;
/// How many of one source are taken in each second; the rest is only answered.
const PER_SECOND: u32 = 20;

/// A delivery that was not believed.
#[derive(Debug, Clone)]
pub struct Held {
    pub id: QuarantineId,
    pub source: String,
    /// A stable code: `missing_header`, `malformed_header`, `clock_skew` or `wrong_signature`.
    pub cause: String,
    /// What was wrong and what to do, as the sender was told.
    pub detail: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub received_at: Timestamp,
}

#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    #[error("there is no delivery {0} in quarantine")]
    Unknown(QuarantineId),
    #[error("it is still not believed: {0}")]
    Rejected(#[source] Rejection),
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
    #[error("the quarantine could not be read or written: {0}")]
    Store(#[from] StoreError),
}

/// How many deliveries of each source were taken in during the current second.
#[derive(Default)]
pub(crate) struct Pace(Mutex<HashMap<String, (i64, u32)>>);

impl Pace {
    /// Whether one more may be taken in. Only names of sources come here, so the map stays small.
    fn allows(&self, source: &str, second: i64) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = seen.entry(source.to_owned()).or_default();
        if entry.0 != second {
            *entry = (second, 0);
        }
        entry.1 += 1;
        entry.1 <= PER_SECOND
    }
}

/// Keeps a delivery; a full disk is not the sender's concern, who is refused anyway.
pub(super) async fn hold(
    engine: &Engine,
    source: &Source,
    delivery: Delivery<'_>,
    rejection: &Rejection,
) {
    let now = engine.now();
    if !engine.quarantine_pace.allows(&source.name, now.millis().div_euclid(1_000)) {
        return;
    }
    tracing::warn!(source = source.name, %rejection, "a delivery was not believed");
    let mut headers = delivery.headers.to_vec();
    // It is checked again.
    header::mask(&mut headers, Some(source.signature_header()));
    let model = quarantine::Model {
        id: QuarantineId::new(engine.environment.next_id()).to_string(),
        source: source.name.clone(),
        cause: rejection.code().into(),
        detail: rejection.to_string(),
        headers: serde_json::json!(headers).to_string(),
        body: BASE64_STANDARD.encode(delivery.body),
        received_at: now.millis(),
    };
    let name = source.name.clone();
    let insert = Change::new(move |transaction| {
        let (model, name) = (model.clone(), name.clone());
        Box::pin(async move {
            model.into_active_model().reset_all().insert(transaction).await?;
            let of_source = quarantine::Column::Source.eq(name.as_str());
            let oldest_kept = quarantine::Entity::find()
                .filter(of_source.clone())
                .order_by_desc(quarantine::Column::Id)
                .offset(KEPT - 1)
                .one(transaction)
                .await?;
            if let Some(oldest) = oldest_kept {
                quarantine::Entity::delete_many()
                    .filter(of_source)
                    .filter(quarantine::Column::Id.lt(oldest.id))
                    .exec(transaction)
                    .await?;
            }
            Ok(())
        })
    });
    if let Err(error) = engine.store.writer.change(insert).await {
        tracing::warn!(%error, "a delivery could not be put in quarantine");
    }
}

/// Which deliveries; absent fields match all.
#[derive(Debug, Clone, Copy, Default)]
pub struct HeldFilter<'f> {
    pub source: Option<&'f str>,
    /// One of the codes of [`Held::cause`].
    pub cause: Option<&'f str>,
}

/// The newest first; `before` is the last id of the page before.
pub async fn list(
    engine: &Engine,
    filter: HeldFilter<'_>,
    before: Option<QuarantineId>,
    limit: u64,
) -> Result<Vec<Held>, StoreError> {
    let mut query = quarantine::Entity::find();
    if let Some(source) = filter.source {
        query = query.filter(quarantine::Column::Source.eq(source));
    }
    if let Some(cause) = filter.cause {
        query = query.filter(quarantine::Column::Cause.eq(cause));
    }
    if let Some(before) = before {
        query = query.filter(quarantine::Column::Id.lt(before.to_string()));
    }
    let newest = query.order_by_desc(quarantine::Column::Id).limit(limit);
    Ok(newest.all(&engine.store.read).await?.into_iter().map(Held::from).collect())
}

/// How many deliveries of each source are held, by the source's name. They are counted as they are:
/// no source has more than [`KEPT`], and an index answers.
pub async fn counts(engine: &Engine) -> Result<Vec<(String, i64)>, StoreError> {
    let counted = quarantine::Entity::find()
        .select_only()
        .column(quarantine::Column::Source)
        .column_as(quarantine::Column::Id.count(), "held")
        .group_by(quarantine::Column::Source)
        .order_by_asc(quarantine::Column::Source)
        .into_tuple();
    Ok(counted.all(&engine.store.read).await?)
}

/// Checks the signature of a delivery again, with the secrets of today. Its age does not count: whoever
/// releases it has decided that it is no copy. One that fits is taken and leaves the quarantine.
pub async fn release(engine: &Engine, id: QuarantineId) -> Result<Outcome, ReleaseError> {
    let held = find(engine, id).await?;
    // Not by the cache: the secret that makes it fit may be a second old.
    let source = manage::find(&engine.store, &engine.vault, &held.source).await;
    let source = source.map_err(DeliveryError::from)?;
    let source = source.ok_or_else(|| DeliveryError::Unknown(held.source.clone()))?;
    let delivery = Delivery { headers: &held.headers, body: &held.body };
    signature::verify(&source, &delivery, None).map_err(ReleaseError::Rejected)?;
    // Under its own name when the provider gave none: a crash before the deletion repeats nothing.
    let taken = take(engine, &source, delivery, Some(id.to_string())).await?;
    remove(engine, id, "quarantine.released").await?;
    Ok(taken)
}

/// Forgets a delivery.
pub async fn delete(engine: &Engine, id: QuarantineId) -> Result<(), ReleaseError> {
    remove(engine, id, "quarantine.deleted").await
}

async fn remove(
    engine: &Engine,
    id: QuarantineId,
    action: &'static str,
) -> Result<(), ReleaseError> {
    let delete = Change::new(move |transaction| {
        Box::pin(async move {
            quarantine::Entity::delete_by_id(id.to_string()).exec(transaction).await?;
            Ok(())
        })
    });
    let note = Note::new(action, id.to_string());
    Ok(engine.store.writer.change(delete.noted(note)).await?)
}

async fn find(engine: &Engine, id: QuarantineId) -> Result<Held, ReleaseError> {
    let found = quarantine::Entity::find_by_id(id.to_string()).one(&engine.store.read).await;
    let found = found.map_err(StoreError::from)?;
    found.map(Held::from).ok_or(ReleaseError::Unknown(id))
}

impl From<quarantine::Model> for Held {
    fn from(model: quarantine::Model) -> Self {
        Self {
            id: model.id.parse().unwrap_or(QuarantineId::new(0)),
            source: model.source,
            cause: model.cause,
            detail: model.detail,
            headers: serde_json::from_str(&model.headers).unwrap_or_default(),
            body: BASE64_STANDARD.decode(&model.body).unwrap_or_default(),
            received_at: Timestamp::from_millis(model.received_at),
        }
    }
}
