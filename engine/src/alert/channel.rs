//! Where alerts are told: made, listed, tried out, removed; and what is on its way to them.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::message::{self, Message};
use super::{AlertError, Channel, ChannelKind};
use crate::Engine;
use crate::audit::Note;
use crate::id::{ChannelId, MessageId};
use crate::source::Kind;
use crate::source::manage::generate_secret;
use crate::store::entity::{alert_channel, alert_message};
use crate::store::{Change, StoreError};
use crate::time::Timestamp;

/// Makes a channel. A webhook's secret is in the answer and nowhere else.
pub async fn create(
    engine: &Engine,
    name: &str,
    kind: ChannelKind,
    target: &str,
) -> Result<(Channel, Option<String>), AlertError> {
    let (name, target) = (name.trim(), target.trim());
    if name.is_empty() || name.chars().count() > 100 || name.contains('\0') {
        return Err(AlertError::Name);
    }
    check_target(engine, kind, target)?;
    let by_name = alert_channel::Entity::find().filter(alert_channel::Column::Name.eq(name));
    if by_name.one(&engine.store.read).await.map_err(StoreError::from)?.is_some() {
        return Err(AlertError::Taken);
    }
    let id = ChannelId::new(engine.environment.next_id());
    let random = &*engine.environment.random;
    let secret =
        (kind == ChannelKind::Webhook).then(|| generate_secret(Kind::StandardWebhooks, random));
    let seal = |secret: &String| engine.vault.seal(&id.to_string(), secret.as_bytes(), random);
    let model = alert_channel::Model {
        id: id.to_string(),
        name: name.to_owned(),
        kind: kind.as_str().into(),
        target: target.to_owned(),
        secret: secret.as_ref().map(seal),
        created_at: engine.now().millis(),
    };
    let insert = model.clone();
    let change = Change::new(move |transaction| {
        let insert = insert.clone().into_active_model().reset_all();
        Box::pin(async move {
            insert.insert(transaction).await?;
            Ok(())
        })
    });
    let note = Note::new("alert.channel_created", &model.id).saying(name);
    engine.store.writer.change(change.noted(note)).await?;
    Ok((model.into(), secret))
}

fn check_target(engine: &Engine, kind: ChannelKind, target: &str) -> Result<(), AlertError> {
    let invalid = |text: String| Err(AlertError::Invalid(text));
    match kind {
        ChannelKind::Email if engine.mailer.is_none() => {
            invalid("email needs a server to send it: start Sluice with SLUICE_SMTP_URL".to_owned())
        }
        ChannelKind::Email => match target.parse::<lettre::Address>() {
            Ok(_) => Ok(()),
            Err(_) => invalid(format!("`{target}` is not an email address")),
        },
        ChannelKind::Webhook | ChannelKind::Slack => {
            let url = reqwest::Url::parse(target).ok();
            match url.filter(|url| matches!(url.scheme(), "http" | "https")) {
                Some(_) => Ok(()),
                None => invalid(format!("`{target}` is not an http or https address")),
            }
        }
    }
}

impl From<alert_channel::Model> for Channel {
    fn from(model: alert_channel::Model) -> Self {
        Self {
            id: model.id.parse().unwrap_or(ChannelId::new(0)),
            name: model.name,
            kind: ChannelKind::parse(&model.kind).unwrap_or(ChannelKind::Webhook),
            target: model.target,
            created_at: Timestamp::from_millis(model.created_at),
            secret: model.secret,
        }
    }
}

/// All channels by name.
pub async fn list(engine: &Engine) -> Result<Vec<Channel>, StoreError> {
    let all = alert_channel::Entity::find().order_by_asc(alert_channel::Column::Name);
    Ok(all.all(&engine.store.read).await?.into_iter().map(Channel::from).collect())
}

pub async fn find(engine: &Engine, id: ChannelId) -> Result<Channel, AlertError> {
    let found = alert_channel::Entity::find_by_id(id.to_string()).one(&engine.store.read).await;
    Ok(found.map_err(StoreError::from)?.ok_or(AlertError::UnknownChannel(id))?.into())
}

/// Removes a channel, with what is on its way to it.
pub async fn delete(engine: &Engine, id: ChannelId) -> Result<(), AlertError> {
    let found = find(engine, id).await?;
    let change = Change::new(move |transaction| {
        Box::pin(async move {
            alert_channel::Entity::delete_by_id(id.to_string()).exec(transaction).await?;
            alert_message::Entity::delete_many()
                .filter(alert_message::Column::ChannelId.eq(id.to_string()))
                .exec(transaction)
                .await?;
            Ok(())
        })
    });
    let note = Note::new("alert.channel_deleted", id.to_string()).saying(found.name);
    Ok(engine.store.writer.change(change.noted(note)).await?)
}

/// Sends a message that says it is a trial, now; the error is what the channel answered.
pub async fn try_out(engine: &Engine, id: ChannelId) -> Result<Result<(), String>, AlertError> {
    let channel = find(engine, id).await?;
    let id = MessageId::new(engine.environment.next_id());
    Ok(message::send(engine, &channel, id, &Message::trial(engine.now())).await)
}

/// A message to a channel and what became of it.
#[derive(Debug, Clone)]
pub struct Sent {
    pub id: MessageId,
    pub channel: String,
    /// `waiting`, `delivered` or `failed`.
    pub status: String,
    pub attempts: i64,
    /// When it is tried again.
    pub due_at: Option<Timestamp>,
    pub error: Option<String>,
    pub created_at: Timestamp,
}

/// The newest messages first.
pub async fn sent(engine: &Engine, limit: u64) -> Result<Vec<Sent>, StoreError> {
    let newest =
        alert_message::Entity::find().order_by_desc(alert_message::Column::Id).limit(limit);
    let sent = newest.all(&engine.store.read).await?.into_iter().map(|model| Sent {
        id: model.id.parse().unwrap_or(MessageId::new(0)),
        channel: model.channel_id,
        status: model.status,
        attempts: model.attempts,
        due_at: model.due_at.map(Timestamp::from_millis),
        error: model.error,
        created_at: Timestamp::from_millis(model.created_at),
    });
    Ok(sent.collect())
}
