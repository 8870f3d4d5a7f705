//! Bringing messages to the channels, where they wait in the store until they arrive.
//!
//! Each channel has a courier of its own, who brings one message after another: a channel that does not
//! answer keeps neither the others waiting nor the rules from being read. A message is taken before it is
//! brought, by when it is due, so that of several nodes one brings it.

use std::collections::HashMap;
use std::fmt::Display;
use std::time::Duration;

use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set, sea_query::Expr,
};
use tokio::task::JoinHandle;

use super::{channel, message};
use crate::Engine;
use crate::store::entity::alert_message;
use crate::store::{Change, StoreError};

/// After so many attempts a message is given up.
const ATTEMPTS: i64 = 18;
const FIRST_WAIT: Duration = Duration::from_secs(10);
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// Longer than an attempt may last.
const TAKEN: Duration = Duration::from_secs(60);

/// Looks for what is due whenever the rules have been read, until the engine stops.
pub(crate) async fn keep_delivering(engine: Engine) {
    let mut couriers = Couriers::default();
    loop {
        tokio::select! {
            () = engine.stop.cancelled() => return couriers.back().await,
            () = engine.telling.notified() => {}
        }
        if let Err(error) = couriers.send(&engine).await {
            tracing::warn!(%error, "what is to be told could not be read");
        }
    }
}

/// Who is on the way to which channel.
#[derive(Default)]
pub struct Couriers(HashMap<String, JoinHandle<()>>);

impl Couriers {
    /// Sends one to each channel for which something is due, but where one is on the way already.
    pub async fn send(&mut self, engine: &Engine) -> Result<(), StoreError> {
        self.0.retain(|_, courier| !courier.is_finished());
        let due = alert_message::Entity::find()
            .select_only()
            .column(alert_message::Column::ChannelId)
            .distinct()
            .filter(alert_message::Column::DueAt.lte(engine.now().millis()));
        for channel in due.into_tuple::<String>().all(&engine.store.read).await? {
            let courier = bring(engine.clone(), channel.clone());
            self.0.entry(channel).or_insert_with(|| engine.tasks.spawn(courier));
        }
        Ok(())
    }

    /// Waits until all of them have brought what was due.
    pub async fn back(self) {
        for courier in self.0.into_values() {
            let _ended = courier.await;
        }
    }
}

async fn bring(engine: Engine, channel: String) {
    if let Err(error) = bring_due(&engine, &channel).await {
        tracing::warn!(%error, channel, "alerts could not be told");
    }
}

/// What does not arrive is tried again later.
async fn bring_due(engine: &Engine, channel: &str) -> Result<(), StoreError> {
    while let Some(message) = next(engine, channel).await? {
        if !take(engine, &message).await? {
            continue;
        }
        let told = engine.stop.run_until_cancelled(tell(engine, &message));
        // One that was broken off by the engine's end stays taken, and is brought after that.
        let Some(outcome) = told.await else { return Ok(()) };
        settle(engine, message, outcome).await?;
    }
    Ok(())
}

async fn next(engine: &Engine, channel: &str) -> Result<Option<alert_message::Model>, StoreError> {
    let due = alert_message::Entity::find()
        .filter(alert_message::Column::ChannelId.eq(channel))
        .filter(alert_message::Column::DueAt.lte(engine.now().millis()))
        .order_by_asc(alert_message::Column::DueAt)
        .order_by_asc(alert_message::Column::Id);
    Ok(due.one(&engine.store.read).await?)
}

async fn tell(engine: &Engine, message: &alert_message::Model) -> Result<(), String> {
    let id = message.id.parse().map_err(words)?;
    let channel = channel::find(engine, message.channel_id.parse().map_err(words)?).await;
    let body = serde_json::from_str(&message.body).map_err(words)?;
    message::send(engine, &channel.map_err(words)?, id, &body).await
}

fn words(error: impl Display) -> String {
    error.to_string()
}

async fn take(engine: &Engine, message: &alert_message::Model) -> Result<bool, StoreError> {
    let (id, due) = (message.id.clone(), message.due_at);
    let later = engine.now().plus(TAKEN).millis();
    let change = Change::new(move |transaction| {
        let id = id.clone();
        Box::pin(async move {
            let taken = alert_message::Entity::update_many()
                .filter(alert_message::Column::Id.eq(id))
                .filter(alert_message::Column::DueAt.eq(due))
                .col_expr(alert_message::Column::DueAt, Expr::value(later))
                .exec(transaction)
                .await?;
            if taken.rows_affected == 0 { Err(StoreError::Conflict) } else { Ok(()) }
        })
    });
    match engine.store.writer.change(change).await {
        Ok(()) => Ok(true),
        Err(StoreError::Conflict) => Ok(false),
        Err(error) => Err(error),
    }
}

/// How long after this many attempts it is tried again, where it is. Pure.
fn wait(attempts: i64) -> Option<Duration> {
    let wait = FIRST_WAIT.saturating_mul(1 << (attempts - 1).clamp(0, 16));
    (attempts < ATTEMPTS).then(|| wait.min(LONGEST_WAIT))
}

async fn settle(
    engine: &Engine,
    message: alert_message::Model,
    outcome: Result<(), String>,
) -> Result<(), StoreError> {
    let attempts = message.attempts + 1;
    let (status, wait) = match (&outcome, wait(attempts)) {
        (Ok(()), _) => ("delivered", None),
        (Err(_), None) => ("failed", None),
        (Err(_), wait) => ("waiting", wait),
    };
    if let Err(error) = &outcome {
        tracing::warn!(%error, attempts, channel = message.channel_id, "an alert did not arrive");
    }
    let id = message.id;
    let model = alert_message::ActiveModel {
        status: Set(status.into()),
        attempts: Set(attempts),
        due_at: Set(wait.map(|wait| engine.now().plus(wait).millis())),
        error: Set(outcome.err()),
        ..Default::default()
    };
    let change = Change::new(move |transaction| {
        let (id, model) = (id.clone(), model.clone());
        Box::pin(async move {
            // It is there no more where its channel was removed meanwhile.
            alert_message::Entity::update_many()
                .set(model)
                .filter(alert_message::Column::Id.eq(id))
                .exec(transaction)
                .await?;
            Ok(())
        })
    });
    engine.store.writer.change(change).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_arrive_is_tried_again_for_some_ten_hours() {
        let waits: Vec<_> = (1..).map_while(wait).collect();
        assert_eq!(waits.len() + 1, ATTEMPTS as usize);
        assert_eq!(waits[..3], [10, 20, 40].map(Duration::from_secs));
        let hours = waits.iter().sum::<Duration>().as_secs() / 3_600;
        assert!((9..=10).contains(&hours), "{hours} hours");
        assert_eq!(waits.last(), Some(&LONGEST_WAIT));
    }
}
